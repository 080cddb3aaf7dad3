/**
 * What a store has to tell, on its way to the bus.
 *
 * @module
 */

import { Ring } from "./_ring.ts";
import { markSealed } from "./_sealed.ts";
import { delay } from "./_waiting.ts";
import type { AnyEvent } from "./event.ts";
import type { EventStored, EventStoredPublisher } from "./event_stored.ts";
import type { TraceContext } from "./telemetry.ts";

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
  readonly options: { trace: TraceContext } | undefined;
}

/** Counts of an outbox. */
export interface OutboxCounters {
  eventStoredPublished: number;
  eventStoredDropped: number;
}

/** Publishes one event after the other, and never holds anybody up. */
export class Outbox {
  readonly #bus: EventStoredPublisher;
  readonly #counters: OutboxCounters;
  readonly #metadata: { readonly namespace: string };
  readonly #letters = new Ring<Letter>();
  #sending: Promise<void> | undefined;
  #closed = false;
  #millisecond = 0;
  #timestamp = "";

  constructor(
    bus: EventStoredPublisher,
    namespace: string,
    counters: OutboxCounters,
  ) {
    this.#bus = bus;
    this.#counters = counters;
    this.#metadata = Object.freeze({ namespace });
  }

  /** Tells of an event that was stored. */
  add(stored: Told, trace: TraceContext | undefined): void {
    if (this.#closed || this.#letters.size === CAPACITY) {
      this.#counters.eventStoredDropped++;
      return;
    }
    const options = trace === undefined ? undefined : { trace };
    this.#letters.push({ event: this.#write(stored), options });
    this.#sending ??= this.#send();
  }

  /** Gives the bus a second to take what waits; the rest is dropped. */
  async close(): Promise<void> {
    const gaveUp = new AbortController();
    if (this.#sending !== undefined) {
      await Promise.race([
        this.#sending,
        delay(PATIENCE, gaveUp.signal).catch(() => {}),
      ]);
      gaveUp.abort();
    }
    this.#closed = true;
    this.#counters.eventStoredDropped += this.#letters.size;
    this.#letters.clear();
  }

  async #send(): Promise<void> {
    // Whoever saved goes on first.
    await undefined;
    for (;;) {
      const letter = this.#letters.shift();
      if (letter === undefined) break;
      try {
        await this.#bus.publish(NAMESPACE, letter.event, letter.options);
        this.#counters.eventStoredPublished++;
      } catch {
        this.#counters.eventStoredDropped++;
      }
    }
    this.#sending = undefined;
  }

  #write({ id, actorId, version, timestamp }: Told): EventStored {
    const event: EventStored = {
      id: crypto.randomUUID(),
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

  /** As RFC 3339, written once a millisecond. */
  #now(): string {
    const now = Date.now();
    if (now !== this.#millisecond) {
      this.#millisecond = now;
      this.#timestamp = new Date(now).toISOString();
    }
    return this.#timestamp;
  }
}
