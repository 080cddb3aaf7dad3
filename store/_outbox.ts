/**
 * Notifications of stored events, on their way to the bus.
 *
 * @module
 */

import { Ring } from "../internal/ring_buffer.ts";
import { type EventSources, SYSTEM_SOURCES } from "../event/event_sources.ts";
import { markSealed } from "../event/frozen_events.ts";
import { delay } from "../internal/waiting.ts";
import type { AnyEvent } from "../event/event.ts";
import type { EventStored, EventStoredPublisher } from "./event_stored.ts";
import type { TraceContext } from "../internal/telemetry/types.ts";

/** The namespace that notifications are published to. */
const NAMESPACE = "__internal__";

/** The most notifications that may wait for the bus. */
const MAX_WAITING = 10_000;

/** How long closing waits for a bus that does not answer, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** What a notification says of a stored event. */
export type StoredFacts = Pick<
  AnyEvent,
  "id" | "actorId" | "version" | "timestamp"
>;

interface QueuedNotification {
  readonly event: EventStored;
  readonly trace: TraceContext | undefined;
}

/** Counts of an outbox. */
export interface OutboxCounters {
  eventStoredPublished: number;
  eventStoredDropped: number;
}

/** Publishes notifications in order, and never holds up a save. */
export class Outbox {
  readonly #bus: EventStoredPublisher;
  readonly #counters: OutboxCounters;
  readonly #sources: EventSources;
  readonly #metadata: { readonly namespace: string };
  /** Notifications that came while an earlier one was being published. */
  readonly #queued = new Ring<QueuedNotification>();
  #publishing = false;
  /** How many the bus has not accepted or refused yet, those included. */
  #waiting = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  /** A fulfilled promise that the bus gave: many give the same one each time. */
  #fulfilled: Promise<void> | undefined;
  #closed = false;
  /** The start of its event ids: a random id each would cost more than all else. */
  #name: string | undefined;
  #written = 0;
  #millisecond = 0;
  #timestamp = "";

  /** @param sources Give its events their times and ids. */
  constructor(
    bus: EventStoredPublisher,
    namespace: string,
    counters: OutboxCounters,
    sources: EventSources,
  ) {
    this.#sources = sources;
    this.#bus = bus;
    this.#counters = counters;
    this.#metadata = Object.freeze({ namespace });
  }

  /** How many the bus has not accepted or refused yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Publishes a notification for each event of a save, in order, behind those
   * of earlier saves.
   */
  notify(
    stored: readonly StoredFacts[],
    trace: TraceContext | undefined,
  ): void {
    const first = !this.#publishing;
    this.#publishing = true;
    for (let i = 0; i < stored.length; i++) {
      if (this.#closed || this.#waiting === MAX_WAITING) {
        this.#counters.eventStoredDropped++;
        continue;
      }
      this.#waiting++;
      const event = this.#write(stored[i]!);
      if (first) this.#publish(event, trace);
      else this.#queued.push({ event, trace });
    }
    if (!first) return;
    while (this.#queued.size > 0) {
      const next = this.#queued.shift()!;
      this.#publish(next.event, next.trace);
    }
    this.#publishing = false;
  }

  /** Gives the bus a second to take what waits, and drops the rest. */
  async close(): Promise<void> {
    if (this.#waiting > 0) {
      this.#idle ??= Promise.withResolvers();
      const idle = new AbortController();
      const late = delay(CLOSE_TIMEOUT_MS, idle.signal).catch(() => {});
      await Promise.race([this.#idle.promise, late]);
      idle.abort();
    }
    if (this.#closed) return;
    this.#closed = true;
    this.#counters.eventStoredDropped += this.#waiting;
  }

  #publish(event: EventStored, trace: TraceContext | undefined): void {
    const options = trace === undefined ? undefined : { trace };
    try {
      this.#follow(this.#bus.publish(NAMESPACE, event, options));
    } catch {
      this.#refused();
    }
  }

  /** Counts what becomes of a publish. The bus keeps the order of the calls. */
  #follow(published: Promise<void>): void {
    if (published === this.#fulfilled) return this.#taken();
    Promise.resolve(published).then(() => {
      this.#fulfilled = published;
      this.#taken();
    }, this.#refused);
  }

  #taken(): void {
    if (this.#closed) return;
    this.#counters.eventStoredPublished++;
    this.#settled();
  }

  readonly #refused = (): void => {
    if (this.#closed) return;
    this.#counters.eventStoredDropped++;
    this.#settled();
  };

  #settled(): void {
    if (--this.#waiting === 0) this.#idle?.resolve();
  }

  #write({ id, actorId, version, timestamp }: StoredFacts): EventStored {
    const event: EventStored = {
      id: this.#nextId(),
      eventType: "EventStored",
      actorId,
      version,
      data: Object.freeze({ eventId: id, actorId, version, timestamp }),
      metadata: this.#metadata,
      timestamp: this.#now(),
    };
    markSealed(event);
    return Object.freeze(event);
  }

  #nextId(): string {
    this.#name ??= `${this.#sources.newId()}-`;
    return this.#name + (this.#written++).toString(36);
  }

  /** As RFC 3339; the system's is written once a millisecond. */
  #now(): string {
    if (this.#sources.now !== SYSTEM_SOURCES.now) return this.#sources.now();
    const now = Date.now();
    if (now !== this.#millisecond) {
      this.#millisecond = now;
      this.#timestamp = new Date(now).toISOString();
    }
    return this.#timestamp;
  }
}
