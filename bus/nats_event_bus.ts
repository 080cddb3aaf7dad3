/**
 * An event bus across processes, over NATS.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { checkConnection } from "../internal/nats/connection.ts";
import type { ConnectionListener } from "../internal/nats/connection_watch.ts";
import { EncodedHeaders, encodeUtf8 } from "../internal/nats/encoding.ts";
import {
  ConnectionClosedError,
  type PermissionDeniedError,
  withReason,
} from "../internal/nats/errors.ts";
import { PublishAcks } from "../internal/nats/prompt_acks.ts";
import {
  checkPrefix,
  encodeActorId,
  encodeToken,
} from "../internal/nats/names.ts";
import { type OptionNames, optionsOf } from "../internal/arguments.ts";
import { encodeEventTo } from "../event/event_codec.ts";
import { activeTrace, traceLines } from "../internal/telemetry/trace.ts";
import { untilAborted } from "../internal/waiting.ts";
import type { AnyEvent, Event, EventOfType } from "../event/event.ts";
import type { TraceContext } from "../internal/telemetry/types.ts";
import {
  BUS_OPTIONS,
  type BusOptions,
  resolvePublish,
  resolveSubscribe,
} from "./_arguments.ts";
import { Feeds } from "./_feeds.ts";
import { Link } from "./_link.ts";
import { PublishRights } from "./_publish_rights.ts";
import { SizeLimit } from "./_size_limit.ts";
import { type Address, addressOf, headOf, interestOf } from "./_subjects.ts";
import { Subscribers } from "./_subscribers.ts";
import { BusClosedError } from "./errors.ts";
import type {
  BusSubscribeOptions,
  EventBroadcaster,
  PublishOptions,
  Subscription,
} from "./event_broadcaster.ts";
import type { BusMetrics } from "./metrics.ts";

/** Options of {@linkcode NatsEventBus}. */
export interface NatsEventBusOptions extends BusOptions {
  /**
   * The first token of the bus's subjects: a lower-case letter, then at most
   * 31 of lower-case letters, digits and `-`. Buses with different prefixes
   * share no events. @default {"aether"}
   */
  prefix?: string | undefined;
}

const OPTIONS: OptionNames<NatsEventBusOptions> = {
  prefix: true,
  ...BUS_OPTIONS,
};

const ACTION = "publish event";

/** The most namespaces whose addresses are remembered. */
const MAX_ADDRESSES = 10_000;

const DONE: Promise<void> = Promise.resolve();

/**
 * Events across processes, over NATS: the contract of
 * {@linkcode EventBroadcaster} without the overflow `"block"`, since one
 * socket serves all subscriptions. JetStream is not needed.
 *
 * **Delivery is at most once.** A publish resolves once the connection has
 * the event, and fails while the connection is down; events in flight when the
 * connection breaks are lost. Subscriptions go on after a reconnect, and every
 * reconnect is counted and reported as a gap: it is also how a server drops a
 * client that reads too slowly.
 *
 * The first publish of an event type to a namespace waits up to a second until
 * the server has handled it: it fails if a right is missing, and the bus's very
 * first publish also if the server does not answer. Later refusals, such as for
 * an actor id, are counted as `refused` and reported to `onError`, and the next
 * publish there waits again. So is a {@linkcode PayloadTooLargeError} when the
 * server's `max_payload` turns out to be lower than it has said. With 2 MiB on the way to the server, publishers
 * wait.
 *
 * The server filters by namespace, event type and actor: events that nobody
 * here has subscribed to do not reach this process, except for those that a
 * `partition` leaves out. The bus's own events reach its subscriptions through
 * the server, once.
 *
 * The connection stays the caller's: closing the bus does not close it.
 *
 * @typeParam E The events it carries.
 *
 * @example Follow orders that other processes place
 * ```ts ignore
 * import { connect } from "@nats-io/transport-deno";
 * import { NatsEventBus } from "@flowmade-one/aether";
 *
 * const nc = await connect({ maxReconnectAttempts: -1 });
 * await using bus = new NatsEventBus(nc);
 * await using orders = bus.subscribe("orders.*", {
 *   overflow: "drop-oldest",
 *   onGap: ({ downtime }) => console.warn(`blind for ${downtime} ms`),
 * });
 * for await (const { event } of orders) console.log(event.eventType);
 * ```
 */
export class NatsEventBus<E extends AnyEvent = Event>
  implements EventBroadcaster<E> {
  readonly #nc: NatsConnection;
  readonly #root: string;
  readonly #subscribers: Subscribers<E>;
  readonly #link: Link;
  readonly #rights: PublishRights;
  readonly #acks: PublishAcks;
  readonly #sizes: SizeLimit;
  readonly #feeds: Feeds<E>;
  readonly #addresses = new Map<string, Address>();
  #closed: Promise<void> | undefined;

  /**
   * Opens a bus.
   *
   * @param nc An open connection, from whichever transport fits.
   * @throws {ConnectionClosedError} If the connection is closed.
   * @throws {TypeError | RangeError} If `nc` or an option is not valid.
   */
  constructor(nc: NatsConnection, options?: NatsEventBusOptions) {
    const action = "open bus";
    checkConnection(nc, action);
    if (hasNoEcho(nc)) {
      throw new TypeError(
        `Cannot ${action}: the connection was opened with noEcho, so that the bus would not hear what it publishes itself; open one without`,
      );
    }
    const { prefix = "aether", ...given } = optionsOf(options, OPTIONS, action);
    this.#nc = nc;
    this.#root = `${checkPrefix(prefix, action)}.bus`;
    const subscribers = new Subscribers<E>("nats", given, action);
    this.#subscribers = subscribers;
    const listener: ConnectionListener = {
      up: (downtime) => {
        const gap = Object.freeze({ reason: "reconnect" as const, downtime });
        for (const mailbox of [...subscribers.open]) mailbox.gap(gap);
      },
      over: ({ cause }) => this.#connectionClosed(cause),
      denied: (error) => this.#denied(error),
    };
    try {
      this.#link = new Link(nc, listener, action);
    } catch (error) {
      subscribers.close(); // its meter lets go of it
      throw error;
    }
    this.#rights = new PublishRights(this.#link);
    this.#acks = new PublishAcks(nc);
    this.#sizes = new SizeLimit(nc, this.#link, ACTION, (namespace, error) => {
      subscribers.meter.of(namespace).refused++;
      subscribers.report(error);
    });
    this.#feeds = new Feeds(this.#link, this.#root, (error) => {
      subscribers.meter.rest.malformed++;
      subscribers.report(error);
    });
  }

  /**
   * As {@linkcode EventBroadcaster.publish}.
   *
   * @throws {ConnectionLostError} If the connection is down, or is lost before
   * the server has answered a first publish.
   * @throws {ConnectionClosedError} If the connection is closed.
   * @throws {PermissionDeniedError} If the NATS user may not publish there.
   * @throws {PayloadTooLargeError} If the server does not take that much.
   */
  publish(
    namespace: string,
    event: E,
    options?: PublishOptions,
  ): Promise<void> {
    try {
      return this.#publish(namespace, event, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * As {@linkcode EventBroadcaster.subscribe}. The iteration fails with a
   * {@linkcode PermissionDeniedError} if the NATS user may not subscribe
   * there, and with a {@linkcode ConnectionClosedError} when the connection
   * is closed for good.
   *
   * @throws {ConnectionClosedError} If the connection is closed.
   * @throws {TypeError} If `overflow` is `"block"`.
   */
  subscribe<Type extends E["eventType"] = E["eventType"]>(
    pattern: string,
    options?: BusSubscribeOptions<E, Type>,
  ): Subscription<EventOfType<E, Type>> {
    const action = "subscribe";
    const resolved = resolveSubscribe(pattern, options);
    if (resolved.options.overflow === "block") {
      throw new TypeError(
        `Cannot ${action}: overflow can't be "block" across processes, where one socket serves every subscription and no publisher can be kept waiting`,
      );
    }
    const interest = interestOf(this.#root, resolved.filter);
    this.#subscribers.throwIfClosed(action);
    this.#link.throwIfClosed(action);
    return this.#subscribers.add(resolved.options, (mailbox) => ({
      remove: this.#feeds.add(mailbox, interest),
      confirm: () => this.#link.settle(),
    }));
  }

  /** As {@linkcode EventBroadcaster.metrics}. */
  get metrics(): BusMetrics {
    return this.#subscribers.meter.snapshot();
  }

  /** As {@linkcode EventBroadcaster.close}. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode NatsEventBus.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#subscribers.close();
    await this.#link.stop(new BusClosedError(ACTION));
  }

  #publish(
    namespace: string,
    event: E,
    options: PublishOptions | undefined,
  ): Promise<void> {
    const { signal, trace: given } = options === undefined
      ? NO_OPTIONS
      : resolvePublish(options, ACTION);
    this.#subscribers.throwIfClosed(ACTION);
    signal?.throwIfAborted();
    const { before, between } = this.#addressOf(namespace);
    const { json, fields } = encodeEventTo(ACTION, event);
    const payload = encodeUtf8(json);
    this.#link.throwIfDown(ACTION);
    const { activeSpan, report, meter } = this.#subscribers;
    const headers = headersOf(given ?? activeTrace(activeSpan, report));
    const size = payload.length + (headers?.byteLength ?? 0);
    const tooLarge = this.#sizes.refusal(fields, size);
    if (tooLarge !== undefined) throw tooLarge;
    const place = before + encodeToken(fields.eventType) + between;
    const subject = place + encodeActorId(fields.actorId);
    this.#acks.publishing();
    this.#nc.publish(subject, payload, headers && { headers });
    meter.of(namespace).published++;
    this.#sizes.published(namespace, fields, size);
    const room = this.#link.sent(subject.length + size);
    const proven = this.#rights.has(place)
      ? undefined
      : this.#rights.prove(place, subject);
    if (proven === undefined) return untilAborted(room ?? DONE, signal);
    return untilAborted(Promise.all([room, proven]).then(nothing), signal);
  }

  #addressOf(namespace: string): Address {
    const known = this.#addresses.get(namespace);
    if (known !== undefined) return known;
    const address = addressOf(this.#root, namespace, ACTION);
    if (this.#addresses.size === MAX_ADDRESSES) this.#addresses.clear();
    this.#addresses.set(namespace, address);
    return address;
  }

  #denied(error: PermissionDeniedError): void {
    const { operation, subject } = error;
    if (operation !== "publish") return;
    if (!subject.startsWith(`${this.#root}.`)) return;
    const head = headOf(this.#root, subject);
    const read = head?.read();
    if (head === undefined || read === undefined) return;
    this.#subscribers.meter.of(read.namespace).refused++;
    const place = subject.slice(0, head.actorAt);
    const hasWaiter = this.#rights.denied(place, subject);
    if (!hasWaiter) this.#subscribers.report(error);
  }

  #connectionClosed(cause: unknown): void {
    const reason = new ConnectionClosedError(
      withReason("Cannot subscribe: the NATS connection is closed", cause),
      { cause },
    );
    this.#subscribers.fail({ reason });
  }
}

const NO_OPTIONS = { signal: undefined, trace: undefined };

function nothing(): void {}

/** Connections keep the options they were opened with, though no type says so. */
function hasNoEcho(nc: NatsConnection): boolean {
  const { options } = nc as { options?: { noEcho?: boolean } };
  return options?.noEcho === true;
}

function headersOf(
  trace: TraceContext | undefined,
): EncodedHeaders | undefined {
  return trace === undefined
    ? undefined
    : new EncodedHeaders(traceLines(trace));
}
