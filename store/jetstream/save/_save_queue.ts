/**
 * Group commit: saves that wait at the same time ride together in one batch,
 * where that is faster, and each has the outcome it would have had alone.
 *
 * @module
 */

import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { Contention } from "./_contention.ts";
import { Grouping } from "./_grouping.ts";
import { type AttemptHandlers, type Entry, Publisher } from "./_publisher.ts";
import { classify, NotSentError } from "../stream/attempt_outcome.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import { Deadline } from "../../../internal/waiting.ts";

/** Events and bytes of payload under way at most; saves beyond that wait. */
const MAX_IN_FLIGHT = 2_000;
const MAX_BYTES_IN_FLIGHT = 32 * 1024 * 1024;

/** Bytes of payload in a group at most. */
const MAX_GROUP_BYTES = 4 * 1024 * 1024;

/** How often it is looked whose time is up, in milliseconds. */
const EXPIRY_INTERVAL_MS = 50;

/** Turns of the microtask queue in which a save that was told is answered. */
const CALLER_TURNS = 64;

/**
 * Entries that are stored together. No two saves that wait have an actor in
 * common.
 */
export interface QueuedSave extends AttemptHandlers {
  readonly entries: readonly Entry[];
  /** Milliseconds it may take from when it is sent. */
  readonly timeout: number;
  /** When it is of no use any more to send it, in monotonic milliseconds. */
  readonly deadline: number;
}

const NO_SAVES: readonly QueuedSave[] = [];

/** Units that are under way together. */
class Batch implements AttemptHandlers {
  readonly first: QueuedSave;
  readonly others: readonly QueuedSave[];
  readonly events: number;
  readonly bytes: number;
  readonly #batchEnded: BatchListener;

  constructor(
    first: QueuedSave,
    others: readonly QueuedSave[],
    events: number,
    bytes: number,
    batchEnded: BatchListener,
  ) {
    this.first = first;
    this.others = others;
    this.events = events;
    this.bytes = bytes;
    this.#batchEnded = batchEnded;
  }

  stored(sequence: number, duplicate: boolean): void {
    this.#batchEnded.stored(this, sequence, duplicate);
  }

  failed(error: unknown): void {
    this.#batchEnded.failed(this, error);
  }
}

/** Hears of batches that end. */
interface BatchListener {
  stored(batch: Batch, sequence: number, duplicate: boolean): void;
  failed(batch: Batch, error: unknown): void;
}

/** Sends saves, alone or in groups. */
export class SaveQueue {
  readonly #publisher: Publisher;
  readonly #reader: StreamReader;
  readonly #grouping: Grouping | undefined;
  /** Subjects whose expectations failed, which go apart for a while. */
  readonly #contention = new Contention();
  #queue: QueuedSave[] = [];
  #expiry: ReturnType<typeof setTimeout> | undefined;
  #settling = false;
  #draining = false;
  #inFlight = 0;
  #bytesInFlight = 0;

  /**
   * @param writer Names this writer among all that write to the stream.
   * @param grouping Whether saves may ride together.
   */
  constructor(
    mux: Multiplexer,
    reader: StreamReader,
    writer: string,
    grouping: boolean,
  ) {
    this.#publisher = new Publisher(mux, reader.watch, writer);
    this.#reader = reader;
    this.#grouping = grouping
      ? new Grouping(reader.stream.replicas)
      : undefined;
  }

  /**
   * Sends a save, now or when its turn comes; one whose turn has not come by
   * its deadline fails with a {@linkcode NotSentError}.
   */
  submit(save: QueuedSave): void {
    if (this.#hasRoom && this.#maySendAtOnce(save)) {
      return this.#send(save, NO_SAVES, save.timeout);
    }
    this.#queue.push(save);
    this.#watch();
  }

  #maySendAtOnce(save: QueuedSave): boolean {
    const grouping = this.#grouping;
    const { length } = save.entries;
    if (grouping === undefined || grouping.goesAlone(length)) return true;
    return !this.#settling && grouping.sendsAtOnce(length) ||
      this.#isContended(save);
  }

  /** Takes back a save that was not sent yet; false if it was. */
  withdraw(save: QueuedSave): boolean {
    const index = this.#queue.indexOf(save);
    if (index === -1) return false;
    this.#queue.splice(index, 1);
    this.#watch();
    return true;
  }

  #send(
    first: QueuedSave,
    others: readonly QueuedSave[],
    timeout: number,
  ): void {
    const entries = others.length === 0
      ? first.entries
      : [first, ...others].flatMap((save) => save.entries);
    const { length } = entries;
    const bytes = bytesOf(entries);
    this.#inFlight += length;
    this.#bytesInFlight += bytes;
    this.#grouping?.begin(length);
    const batch = new Batch(first, others, length, bytes, this.#batchEnded);
    this.#publisher.send(entries, timeout, batch);
  }

  readonly #batchEnded: BatchListener = {
    stored: (batch, sequence, duplicate) => {
      this.#end(batch, true);
      const { first, others, events } = batch;
      // A batch lies in the stream without gaps, the last message last.
      for (let i = others.length - 1; i >= 0; i--) {
        others[i]!.stored(sequence, duplicate);
        sequence -= others[i]!.entries.length;
      }
      first.stored(sequence, duplicate);
      this.#goOn(events);
    },
    failed: (batch, error) => {
      this.#end(batch, classify(error) !== "unknown");
      const { first, others, events } = batch;
      if (others.length === 0) this.#failOne(first, error);
      else this.#failGroup([first, ...others], error);
      this.#goOn(events);
    },
  };

  #end({ events, bytes }: Batch, isAnswered: boolean): void {
    this.#inFlight -= events;
    this.#bytesInFlight -= bytes;
    this.#grouping?.end(events, isAnswered);
  }

  get #hasRoom(): boolean {
    return this.#inFlight < MAX_IN_FLIGHT &&
      this.#bytesInFlight < MAX_BYTES_IN_FLIGHT;
  }

  /** Goes on with what waits, behind a batch once it has settled. */
  #goOn(events: number): void {
    if (events > 1 && this.#grouping !== undefined && !this.#settling) {
      this.#settling = true;
      this.#settle();
    } else if (!this.#settling && this.#queue.length > 0) this.#drain();
  }

  /**
   * Gives whoever waited for a batch time to save what is next: it rides with
   * what waits already, instead of a batch behind it.
   */
  async #settle(): Promise<void> {
    for (let i = 0; i < CALLER_TURNS; i++) await undefined;
    this.#settling = false;
    if (this.#queue.length > 0) this.#drain();
  }

  /** Sends what waits, as far as there is room for it. */
  #drain(): void {
    // What can't be sent fails at once, and would have it drained anew.
    if (this.#draining) return;
    this.#draining = true;
    while (this.#queue.length > 0 && this.#hasRoom) {
      const saves = this.#next();
      if (saves === undefined) break;
      this.#sendInTime(saves);
    }
    this.#draining = false;
    this.#watch();
  }

  /** Takes what is sent next: in turn, but singles pass a group that may not go. */
  #next(): QueuedSave[] | undefined {
    const grouping = this.#grouping;
    const goesAlone = ({ entries }: QueuedSave) =>
      grouping === undefined || grouping.goesAlone(entries.length);
    if (goesAlone(this.#queue[0]!)) return [this.#queue.shift()!];
    if (grouping!.maySendGroup) return this.#takeGroup();
    const alone = this.#queue.findIndex(goesAlone);
    return alone === -1 ? undefined : this.#queue.splice(alone, 1);
  }

  /** Sends saves together, all but those that come too late. */
  #sendInTime(saves: readonly QueuedSave[]): void {
    const now = performance.now();
    const inTime: QueuedSave[] = [];
    let timeout = Infinity;
    for (const save of saves) {
      const left = save.deadline - now;
      if (left <= 0) save.failed(new NotSentError());
      else {
        inTime.push(save);
        timeout = Math.min(timeout, save.timeout, left);
      }
    }
    const [first, ...others] = inTime;
    if (first !== undefined) this.#send(first, others, timeout);
  }

  /** Looks from time to time whose time is up, while there is somebody. */
  #watch(): void {
    if (this.#queue.length > 0) {
      this.#expiry ??= setTimeout(this.#expire, EXPIRY_INTERVAL_MS);
    } else if (this.#expiry !== undefined) {
      clearTimeout(this.#expiry);
      this.#expiry = undefined;
    }
  }

  readonly #expire = (): void => {
    this.#expiry = undefined;
    const now = performance.now();
    const late = this.#queue.filter(({ deadline }) => deadline <= now);
    if (late.length > 0) {
      this.#queue = this.#queue.filter(({ deadline }) => deadline > now);
    }
    this.#watch();
    for (const save of late) save.failed(new NotSentError());
  };

  #takeGroup(): QueuedSave[] {
    const most = this.#grouping!.groupSize;
    let [count, events, bytes] = [0, 0, 0];
    for (const { entries } of this.#queue) {
      events += entries.length;
      bytes += bytesOf(entries);
      if (count > 0 && (events > most || bytes > MAX_GROUP_BYTES)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  #failOne(save: QueuedSave, error: unknown): void {
    if (classify(error) === "conflict") this.#mark(save);
    save.failed(error);
  }

  #failGroup(saves: readonly QueuedSave[], error: unknown): void {
    switch (classify(error)) {
      case "conflict":
        this.#separate(saves, error).catch(() => {
          // Each finds out by itself, for it is certain that none was stored.
          for (const save of saves) save.failed(error);
        });
        break;
      case "duplicate-id":
      case "final":
        // The server does not say whose fault it is: each alone, it does.
        for (const save of saves) this.#sendInTime([save]);
        break;
      default:
        for (const save of saves) save.failed(error);
    }
  }

  /** Tells the saves that were overtaken, and sends the others again. */
  async #separate(saves: readonly QueuedSave[], error: unknown): Promise<void> {
    const first = saves.flatMap(({ entries }) =>
      entries.filter(({ tail }) => tail !== undefined)
    );
    const earliest = Math.min(...saves.map(({ deadline }) => deadline));
    const { messages: last } = await this.#reader.lastOf(
      first.map(({ draft }) => draft.subject),
      {
        deadline: new Deadline(earliest - performance.now()),
        signal: undefined,
      },
    );
    const isOvertaken = ({ entries }: QueuedSave) =>
      entries.some(({ draft: { subject }, tail }) =>
        tail !== undefined &&
        (last.get(subject)?.sequence ?? 0) > tail.sequence
      );
    const innocent: QueuedSave[] = [];
    for (const save of saves) {
      if (isOvertaken(save)) this.#failOne(save, error);
      else innocent.push(save);
    }
    if (innocent.length === saves.length) {
      // A replica may not know yet what the leader does.
      for (const save of innocent) this.#sendInTime([save]);
    } else if (innocent.length > 0) this.#sendInTime(innocent);
  }

  #mark({ entries }: QueuedSave): void {
    if (this.#grouping === undefined) return; // all go alone
    this.#contention.note(entries.map(({ draft }) => draft.subject));
  }

  #isContended({ entries }: QueuedSave): boolean {
    return this.#contention.size > 0 &&
      entries.some(({ draft }) => this.#contention.has(draft.subject));
  }
}

function bytesOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { draft } of entries) bytes += draft.payload.length;
  return bytes;
}
