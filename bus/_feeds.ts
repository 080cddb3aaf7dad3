/**
 * Messages from NATS: one NATS subscription a subject, shared by all mailboxes
 * that want it, and each message decoded once.
 *
 * @module
 */

import type { Msg, Subscription as NatsSubscription } from "@nats-io/nats-core";
import { namingCall, permissionDenied } from "../internal/nats/errors.ts";
import { encodeActorId } from "../internal/nats/names.ts";
import { decodeEvent } from "../event/event_codec.ts";
import { traceOfMessage } from "../internal/telemetry/trace.ts";
import type { AnyEvent } from "../event/event.ts";
import type { Report } from "../internal/callbacks.ts";
import type { Link } from "./_link.ts";
import type { Mailbox } from "./_mailbox.ts";
import { type Head, headOf, type Interest } from "./_subjects.ts";
import { MalformedMessageError } from "./errors.ts";
import type { Delivery } from "./event_broadcaster.ts";

/** The most heads of subjects to remember. */
const MAX_HEADS = 10_000;

/** A mailbox that wants the events of a subject. */
interface Listener<E extends AnyEvent> {
  readonly mailbox: Mailbox<E>;
  readonly passes: Interest["passes"];
}

interface Feed<E extends AnyEvent> {
  readonly subscription: NatsSubscription;
  readonly listeners: Set<Listener<E>>;
}

/** Receives for all mailboxes of a bus. */
export class Feeds<E extends AnyEvent> {
  readonly #link: Link;
  readonly #root: string;
  readonly #malformed: Report;
  readonly #feeds = new Map<string, Feed<E>>();
  readonly #heads = new Map<string, Head>();

  /**
   * @param root The tokens that the bus's subjects begin with.
   * @param malformed Called with an error for each message that is no event.
   */
  constructor(link: Link, root: string, malformed: Report) {
    this.#link = link;
    this.#root = root;
    this.#malformed = malformed;
  }

  /** Sends a mailbox the events of its interest; returns how to stop that. */
  add(mailbox: Mailbox<E>, { subjects, passes }: Interest): () => void {
    const listener = { mailbox, passes };
    const removes = subjects.map((subject) => this.#join(subject, listener));
    return () => removes.forEach((remove) => remove());
  }

  #join(subject: string, listener: Listener<E>): () => void {
    const feed = this.#feeds.get(subject) ?? this.#open(subject);
    feed.listeners.add(listener);
    return () => {
      feed.listeners.delete(listener);
      if (feed.listeners.size > 0 || this.#feeds.get(subject) !== feed) return;
      this.#feeds.delete(subject);
      if (!feed.subscription.isClosed()) feed.subscription.unsubscribe();
    };
  }

  #open(subject: string): Feed<E> {
    const listeners = new Set<Listener<E>>();
    // An error thrown in here would end the connection.
    const callback = (error: Error | null, msg: Msg) => {
      if (error === null) this.#receive(listeners, msg);
      else this.#fail(subject, error);
    };
    const subscription = this.#link.subscribe(subject, callback);
    const feed = { subscription, listeners };
    this.#feeds.set(subject, feed);
    return feed;
  }

  #fail(subject: string, error: Error): void {
    const feed = this.#feeds.get(subject);
    this.#feeds.delete(subject);
    // By name: a program may hold two copies of nats-core.
    const reason = error.name === "PermissionViolationError"
      ? namingCall("subscribe", permissionDenied("subscribe", subject))
      : error;
    const failure = { reason };
    for (const { mailbox } of feed?.listeners ?? []) mailbox.finish(failure);
  }

  #receive(listeners: ReadonlySet<Listener<E>>, msg: Msg): void {
    try {
      const { subject } = msg;
      const { head, actorAt } = this.#headOf(subject);
      const tokens = subject.slice(actorAt);
      // Decoded once for all, and only if somebody wants it.
      let delivery: Delivery<E> | undefined;
      for (const { mailbox, passes } of listeners) {
        if (passes !== undefined && !passes(head, tokens)) continue;
        delivery ??= deliveryOf<E>(msg, head, tokens);
        mailbox.offer(delivery, undefined);
      }
    } catch (cause) {
      const details = { subject: msg.subject, size: msg.data.length };
      this.#malformed(new MalformedMessageError(details, { cause }));
    }
  }

  /** The head that a subject spells, and where its actor tokens begin. */
  #headOf(subject: string): { head: Head; actorAt: number } {
    const found = headOf(this.#root, subject);
    if (found === undefined) throw unknownSubject();
    const { actorAt } = found;
    const text = subject.slice(0, actorAt);
    const known = this.#heads.get(text);
    if (known !== undefined) return { head: known, actorAt };
    const head = found.read();
    if (head === undefined) throw unknownSubject();
    if (this.#heads.size === MAX_HEADS) this.#heads.clear();
    this.#heads.set(text, head);
    return { head, actorAt };
  }
}

/** @throws If the message is not the event that its subject announces. */
function deliveryOf<E extends AnyEvent>(
  msg: Msg,
  { namespace, eventType }: Head,
  actorTokens: string,
): Delivery<E> {
  const event = decodeEvent(msg.data) as AnyEvent as E;
  if (
    event.eventType !== eventType ||
    encodeActorId(event.actorId) !== actorTokens
  ) {
    throw new TypeError(
      "Cannot receive event: its type or actor is not that of the subject",
    );
  }
  const trace = traceOfMessage(msg);
  return Object.freeze(
    trace === undefined ? { namespace, event } : { namespace, event, trace },
  );
}

function unknownSubject(): TypeError {
  return new TypeError("Cannot receive event: its subject is none of the bus");
}
