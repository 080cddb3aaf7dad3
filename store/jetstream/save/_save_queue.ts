/**
 * Group commit: saves that wait at the same time ride together in one batch,
 * where that is faster, and each has the outcome it would have had alone.
 *
 * @module
 */

import { AckReader } from "../../../internal/nats/acknowledgement.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { Deadline } from "../../../internal/waiting.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import { classify, NotSentError } from "../stream/attempt_outcome.ts";
import { Contention } from "./_contention.ts";
import { Grouping } from "./_grouping.ts";
import { advanceTails } from "./_entry.ts";
import { Publisher } from "./_publisher.ts";
import {
  Batch,
  type BatchContext,
  type BatchListener,
  bytesOf,
  type QueuedSave,
} from "./_queued_save.ts";

/** Events and bytes of payload under way at most; saves beyond that wait. */
const MAX_IN_FLIGHT = 2_000;
const MAX_BYTES_IN_FLIGHT = 32 * 1024 * 1024;

/** Bytes of payload in a group at most. */
const MAX_GROUP_BYTES = 4 * 1024 * 1024;

/** How often the queue is checked for saves that are too late. */
const EXPIRY_INTERVAL_MS = 50;

/**
 * Turns of the microtask queue in which a caller that was answered saves again.
 * Without them 40 savers of two events each store 0.6 times as many.
 */
const CALLER_TURNS = 64;

const NO_SAVES: readonly QueuedSave[] = [];

/** Sends saves, alone or in groups. */
export class SaveQueue implements BatchListener {
  readonly #publisher: Publisher;
  readonly #tails: ActorTails;
  readonly #grouping: Grouping | undefined;
  readonly #context: BatchContext;
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
   * @param grouping Whether saves of several calls may share a batch.
   */
  constructor(
    mux: Multiplexer,
    tails: ActorTails,
    writer: string,
    grouping: boolean,
  ) {
    const { watch, stream } = tails.reader;
    this.#tails = tails;
    this.#publisher = new Publisher(mux, writer);
    this.#grouping = grouping ? new Grouping(stream.replicas) : undefined;
    this.#context = {
      acks: new AckReader(stream.name, () => watch.stream.domain),
      watch,
      connection: mux.watch,
      listener: this,
    };
  }

  /**
   * Sends a save, now or when its turn comes; one whose turn does not come by
   * its deadline fails with a {@linkcode NotSentError}.
   */
  submit(save: QueuedSave): void {
    if (this.#hasRoom && this.#maySendAtOnce(save)) {
      return this.#send(save, NO_SAVES, save.timeout);
    }
    this.#queue.push(save);
    this.#scheduleExpiry();
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
    this.#scheduleExpiry();
    return true;
  }

  /** A batch was stored: the only place where saves move tails forward. */
  stored(batch: Batch, sequence: number, duplicate: boolean): void {
    this.#end(batch, true);
    const { length, highest } = batch;
    if (!duplicate) {
      const { cache, reader } = this.#tails;
      // Sequences only rise, unless the stream was replaced.
      if (sequence <= highest) reader.watch.refresh();
      advanceTails(cache, batch.entries, sequence);
    }
    // A batch lies in the stream without gaps, its last message last.
    const { first, others } = batch;
    let last = sequence - length + first.entries.length;
    first.stored(last, duplicate);
    for (const save of others) {
      last += save.entries.length;
      save.stored(last, duplicate);
    }
    this.#goOn(length);
  }

  /** A batch was not stored, or it is not known. */
  failed(batch: Batch, error: unknown): void {
    this.#end(batch, classify(error) !== "unknown");
    const { first, others, length } = batch;
    if (others.length === 0) this.#failOne(first, error);
    else this.#failGroup([first, ...others], error);
    this.#goOn(length);
  }

  #end({ length, bytes }: Batch, isAnswered: boolean): void {
    this.#inFlight -= length;
    this.#bytesInFlight -= bytes;
    this.#grouping?.end(length, isAnswered);
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
   * Gives the callers of a batch time to save their next events, which then
   * share a batch with those that wait already.
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
    this.#scheduleExpiry();
  }

  /** How many events wait. */
  get #waiting(): number {
    return this.#queue.reduce((sum, { entries }) => sum + entries.length, 0);
  }

  /** Takes what is sent next: in turn, but singles pass a group that may not go. */
  #next(): QueuedSave[] | undefined {
    const grouping = this.#grouping;
    const goesAlone = ({ entries }: QueuedSave) =>
      grouping === undefined || grouping.goesAlone(entries.length);
    if (goesAlone(this.#queue[0]!)) return [this.#queue.shift()!];
    if (grouping!.maySendGroup(this.#waiting)) return this.#takeGroup();
    const alone = this.#queue.findIndex(goesAlone);
    return alone === -1 ? undefined : this.#queue.splice(alone, 1);
  }

  /** Sends saves together, all but those that are too late. */
  #sendInTime(saves: readonly QueuedSave[]): void {
    const now = performance.now();
    const [first, ...others] = saves.filter(({ deadline }) => deadline > now);
    if (first !== undefined) {
      let timeout = Infinity;
      for (const save of [first, ...others]) {
        timeout = Math.min(timeout, save.timeout, save.deadline - now);
      }
      this.#send(first, others, timeout);
    }
    for (const save of saves) {
      if (save.deadline <= now) save.failed(new NotSentError());
    }
  }

  #send(
    first: QueuedSave,
    others: readonly QueuedSave[],
    timeout: number,
  ): void {
    const { highest } = this.#tails.cache;
    const batch = new Batch(first, others, timeout, highest, this.#context);
    const { length, bytes } = batch;
    this.#inFlight += length;
    this.#bytesInFlight += bytes;
    this.#grouping?.begin(length);
    this.#publisher.send(batch);
  }

  /** Checks from time to time for saves that are too late, while some wait. */
  #scheduleExpiry(): void {
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
    this.#scheduleExpiry();
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

  /** Fails the saves whose actors have moved on, and sends the others again. */
  async #separate(saves: readonly QueuedSave[], error: unknown): Promise<void> {
    const first = saves.flatMap(({ entries }) =>
      entries.filter(({ tail }) => tail !== undefined)
    );
    const earliest = Math.min(...saves.map(({ deadline }) => deadline));
    const { messages: last } = await this.#tails.reader.lastOf(
      first.map(({ draft }) => draft.subject),
      { deadline: Deadline.at(earliest), signal: undefined },
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
