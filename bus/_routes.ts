/**
 * Routes events to subscriptions by an index, so that others cost nothing.
 *
 * @module
 */

import { encodeActorId } from "../internal/nats/names.ts";
import type { Counters } from "../internal/telemetry/counters.ts";
import type { AnyEvent } from "../event/event.ts";
import type { ActorFilter } from "../event/filters.ts";
import type { Filter } from "./_arguments.ts";
import type { BusMeter } from "./_bus_meter.ts";
import type { Mailbox } from "./_mailbox.ts";
import { spellNamespace } from "./_namespaces.ts";
import type { Delivery } from "./event_broadcaster.ts";
import type { BusCounters } from "./metrics.ts";

/** The most namespaces whose routes to remember. */
const MAX_ROUTES = 10_000;

/** The subscriptions of a namespace's events, until nodes come or go. */
export interface Route<E extends AnyEvent> {
  readonly groups: readonly Group<E>[];
  readonly counters: Counters<keyof BusCounters>;
}

/** A mailbox, and which events of its namespaces it gets. */
interface Entry<E extends AnyEvent> {
  readonly mailbox: Mailbox<E>;
  readonly eventTypes: ReadonlySet<string> | undefined;
  readonly actors: ActorFilter;
}

/** The subscriptions to one pattern, by their filters. */
class Group<E extends AnyEvent> {
  readonly #all = new Set<Mailbox<E>>();
  readonly #byType = new Map<string, Set<Mailbox<E>>>();
  /** By encoded actor id. */
  readonly #byActor = new Map<string, Set<Entry<E>>>();
  readonly #rest = new Set<Entry<E>>();

  get empty(): boolean {
    return this.#all.size === 0 && this.#byType.size === 0 &&
      this.#byActor.size === 0 && this.#rest.size === 0;
  }

  /** Adds a mailbox; returns how to remove it. */
  add(
    mailbox: Mailbox<E>,
    { actors, eventTypes }: Filter,
  ): () => void {
    if (actors === undefined) {
      if (eventTypes === undefined) return addTo(this.#all, mailbox);
      return addUnderAll(this.#byType, eventTypes, mailbox);
    }
    const entry = { mailbox, eventTypes, actors };
    if (actors.ids === undefined) return addTo(this.#rest, entry);
    return addUnderAll(this.#byActor, actors.ids, entry);
  }

  /** Offers the event to all that want it; adds the waits for room. */
  send(
    delivery: Delivery<E>,
    signal: AbortSignal | undefined,
    waits: Promise<void>[] | undefined,
  ): Promise<void>[] | undefined {
    const { eventType, actorId } = delivery.event;
    for (const mailbox of this.#all) {
      const wait = mailbox.offer(delivery, signal);
      if (wait !== undefined) (waits ??= []).push(wait);
    }
    if (this.#byType.size > 0) {
      for (const mailbox of this.#byType.get(eventType) ?? []) {
        const wait = mailbox.offer(delivery, signal);
        if (wait !== undefined) (waits ??= []).push(wait);
      }
    }
    if (this.#byActor.size > 0) {
      const tokens = encodeActorId(actorId);
      for (const { mailbox, eventTypes } of this.#byActor.get(tokens) ?? []) {
        if (eventTypes !== undefined && !eventTypes.has(eventType)) continue;
        const wait = mailbox.offer(delivery, signal);
        if (wait !== undefined) (waits ??= []).push(wait);
      }
    }
    for (const { mailbox, eventTypes, actors } of this.#rest) {
      if (eventTypes !== undefined && !eventTypes.has(eventType)) continue;
      if (!actors.has(actorId)) continue;
      const wait = mailbox.offer(delivery, signal);
      if (wait !== undefined) (waits ??= []).push(wait);
    }
    return waits;
  }
}

/** The subscriptions to a pattern, and to those that go on behind it. */
class Node<E extends AnyEvent> {
  readonly children = new Map<string, Node<E>>();
  readonly group = new Group<E>();
}

/** The index. */
export class Routes<E extends AnyEvent> {
  readonly #meter: BusMeter;
  readonly #root = new Node<E>();
  /** Of names of the form `__x__`. */
  readonly #internal = new Node<E>();
  readonly #routes = new Map<string, Route<E>>();

  constructor(meter: BusMeter) {
    this.#meter = meter;
  }

  /** Adds a mailbox; returns how to remove it. */
  add(mailbox: Mailbox<E>, filter: Filter): () => void {
    const { tokens, internal } = filter.namespaces;
    const path = [internal ? this.#internal : this.#root];
    for (const token of tokens) {
      const { children } = path.at(-1)!;
      let child = children.get(token);
      if (child === undefined) {
        child = new Node();
        children.set(token, child);
        this.#routes.clear();
      }
      path.push(child);
    }
    const remove = path.at(-1)!.group.add(mailbox, filter);
    return () => {
      remove();
      this.#prune(path, tokens);
    };
  }

  /**
   * The route of a namespace.
   *
   * @throws {TypeError | RangeError} If it is none.
   */
  to(namespace: string): Route<E> {
    return this.#routes.get(namespace) ?? this.#find(namespace);
  }

  #find(namespace: string): Route<E> {
    const { tokens, internal } = spellNamespace(namespace, "publish event");
    const groups: Group<E>[] = [];
    const visit = ({ children, group }: Node<E>, depth: number): void => {
      if (depth === tokens.length) {
        // Empty or not: it may be filled without a change of the index.
        groups.push(group);
        return;
      }
      const rest = children.get(">");
      if (rest !== undefined) groups.push(rest.group);
      for (const key of [tokens[depth]!, "*"]) {
        const child = children.get(key);
        if (child !== undefined) visit(child, depth + 1);
      }
    };
    visit(internal ? this.#internal : this.#root, 0);
    if (this.#routes.size === MAX_ROUTES) this.#routes.clear();
    const route = { groups, counters: this.#meter.of(namespace) };
    this.#routes.set(namespace, route);
    return route;
  }

  /** Removes the nodes of a path that nothing is left for. */
  #prune(path: readonly Node<E>[], tokens: readonly string[]): void {
    for (let i = tokens.length; i > 0; i--) {
      const { group, children } = path[i]!;
      if (!group.empty || children.size > 0) return;
      if (path[i - 1]!.children.get(tokens[i - 1]!) === path[i]) {
        path[i - 1]!.children.delete(tokens[i - 1]!);
        this.#routes.clear();
      }
    }
  }
}

function addTo<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => set.delete(item);
}

function addUnderAll<T>(
  sets: Map<string, Set<T>>,
  keys: Iterable<string>,
  item: T,
): () => void {
  const removes = Array.from(keys, (key) => addUnder(sets, key, item));
  return () => removes.forEach((remove) => remove());
}

function addUnder<T>(
  sets: Map<string, Set<T>>,
  key: string,
  item: T,
): () => void {
  let set = sets.get(key);
  if (set === undefined) sets.set(key, set = new Set());
  set.add(item);
  return () => {
    set.delete(item);
    if (set.size === 0 && sets.get(key) === set) sets.delete(key);
  };
}
