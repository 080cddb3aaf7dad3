/**
 * What a store has to tell, on its way to the bus.
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

/** Where it is published to. */
const NAMESPACE = "__internal__";

/** The most events that may wait for the bus. */
const CAPACITY = 10_000;

/** How long closing waits for a bus that does not answer, in milliseconds. */
const PATIENCE = 1000;

/** What is told of a stored event. */
export type Told = Pick<AnyEvent, "id" | "actorId" | "version" | "timestamp">;

interface Letter {
  readonly event: EventStored;
  readonly trace: TraceContext | undefined;
}

/** Counts of an outbox. */
export interface OutboxCounters {
  eventStoredPublished: number;
  eventStoredDropped: number;
}

/** Hands events to the bus in order, and never holds anybody up. */
export class Outbox {
  readonly #bus: EventStoredPublisher;
  readonly #counters: OutboxCounters;
  readonly #sources: EventSources;
  readonly #metadata: { readonly namespace: string };
  /** Those that were stored while the bus was being told of another one. */
  readonly #letters = new Ring<Letter>();
  #telling = false;
  /** How many the bus has not answered for, with those. */
  #waiting = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  /** A promise that buses may give again and again, which need not be looked at twice. */
  #fulfilled: Promise<void> | undefined;
  #closed = false;
  /** What the ids of its events begin with: a random number of their own costs more than all else. */
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

  /** How many the bus has not answered for. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Tells of the events that a save has stored, in order; what is stored
   * while the bus is told comes after them.
   */
  tell(stored: readonly Told[], trace: TraceContext | undefined): void {
    const first = !this.#telling;
    this.#telling = true;
    for (let i = 0; i < stored.length; i++) {
      if (this.#closed || this.#waiting === CAPACITY) {
        this.#counters.eventStoredDropped++;
        continue;
      }
      this.#waiting++;
      const event = this.#write(stored[i]!);
      if (first) this.#publish(event, trace);
      else this.#letters.push({ event, trace });
    }
    if (!first) return;
    while (this.#letters.size > 0) {
      const letter = this.#letters.shift()!;
      this.#publish(letter.event, letter.trace);
    }
    this.#telling = false;
  }

  /** Gives the bus a second to take what waits; the rest is dropped. */
  async close(): Promise<void> {
    if (this.#waiting > 0) {
      this.#idle ??= Promise.withResolvers();
      const idle = new AbortController();
      const late = delay(PATIENCE, idle.signal).catch(() => {});
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

  #write({ id, actorId, version, timestamp }: Told): EventStored {
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
