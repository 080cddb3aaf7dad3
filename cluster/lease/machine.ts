/**
 * One lease as one node sees it: a state machine without clocks, timers or
 * requests of its own, so that a simulation can drive the very code that ships.
 *
 * | state     | begins with                  | window | sends                  |
 * | --------- | ---------------------------- | ------ | ---------------------- |
 * | contends  | the start                    | opens  | reads, takes, renewals |
 * | at work   | `resign()`                   | closed | nothing                |
 * | releasing | `release()`, as work is done | closed | the release            |
 * | contends  | its answer, or `abandon()`   | opens  | as from the start      |
 *
 * @module
 */

import { type Attempt, Attempts } from "./_attempts.ts";
import { elapsed, type Reading } from "./clock.ts";
import { Observation } from "./observation.ts";
import type {
  EndReason,
  LeaseEvent,
  LeaseOptions,
  LeaseReply,
  LeaseRequest,
} from "./protocol.ts";
import { asReplaced, type LeaseRecord, type ReplacedLease } from "./record.ts";
import type { LeaseWrite, Sight } from "./register.ts";
import type { LeaseSettings } from "./settings.ts";
import type { Step, Tenure } from "./_tenure.ts";

/** Contends for one lease, and keeps it. One request is under way at a time. */
export class LeaseMachine {
  readonly #options: LeaseOptions;
  readonly #settings: LeaseSettings;
  readonly #observation: Observation;
  readonly #attempts = new Attempts();
  #tenure: Tenure | undefined;
  /** Whether the window is open; once it has closed only a grant opens it. */
  #isOpen = false;
  /** The term of the last window. */
  #grantedTerm = 0;
  #step: Step = "read";
  /** When to take the next step, in monotonic milliseconds. */
  #due = -Infinity;
  #pending: { id: number; sent: Reading; attempt?: Attempt } | undefined;
  #ids = 0;
  /** Since when the node gives the lease up, and whether its work goes on. */
  #leaving: { readonly since: Reading; isAtWork: boolean } | undefined;
  /** Whether a write may have been stored of which nothing is known. */
  #isUnsure = false;
  /** Whether the record tells what has changed since. */
  #isStale = false;
  #events: LeaseEvent[] = [];

  constructor(options: LeaseOptions) {
    const { settings, incarnation, isNameUnique } = options;
    const { lease } = this.#settings = settings;
    this.#options = options;
    this.#observation = new Observation({ lease, incarnation, isNameUnique });
  }

  /** What has been seen of the lease. */
  get observation(): Observation {
    return this.#observation;
  }

  /** Whether the node gives the lease up, and has not yet. */
  get isLeaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** The term, while this node has the lease. */
  get term(): number | undefined {
    return this.#isOpen ? this.#tenure?.term : undefined;
  }

  /** Whether this node has the lease at this very moment. */
  isHeld(now: Reading): boolean {
    return this.#isOpen && this.#isInWindow(this.#tenure!.sent, now);
  }

  /** When the last window ends or has ended, as long as it may be renewed. */
  get windowEnd(): number {
    if (this.#tenure === undefined) return Infinity;
    return this.#tenure.sent.monotonic + this.#settings.renewDeadline;
  }

  /** When to call {@linkcode next} at the latest, in monotonic milliseconds. */
  get wakeAt(): number {
    const due = this.#isWaiting ? Infinity : this.#due;
    return this.#isOpen ? Math.min(due, this.windowEnd) : due;
  }

  /** Takes what has happened since it was last asked. */
  takeEvents(): LeaseEvent[] {
    return this.#events.splice(0);
  }

  /** Ends the window when it is over. */
  tick(now: Reading): void {
    if (!this.#isOpen || this.isHeld(now)) return;
    this.#close("lapsed");
    if (this.#step === "renew") this.#plan("read", now.monotonic);
  }

  /** Has the node look soon, such as after a hint that something changed. */
  poke(now: Reading): void {
    if (this.#step === "read") this.#due = Math.min(this.#due, now.monotonic);
  }

  /** Has the node renew soon, for what its record tells has changed. */
  refresh(now: Reading): void {
    this.#isStale = true;
    if (this.#step === "renew") this.#due = Math.min(this.#due, now.monotonic);
  }

  /**
   * Ends the window, and renews no more: work that is still to end may do so
   * before others are let in by {@linkcode release}.
   */
  resign(now: Reading): void {
    if (this.isLeaving) return;
    this.#leaving = { since: now, isAtWork: true };
    this.#close("released");
    const step = this.#tenure !== undefined
      ? "release"
      : this.#isUnsure
      ? "read"
      : "leave";
    this.#plan(step, now.monotonic);
  }

  /** Gives the lease up, now or as soon as it turns out to be this node's. */
  release(now: Reading): void {
    this.resign(now);
    this.#leaving!.isAtWork = false;
    if (this.#step === "leave" && !this.#isWaiting) this.#leave(now);
  }

  /** Gives the lease up without a word: others wait until it has lapsed. */
  abandon(now: Reading): void {
    this.resign(now);
    this.#pending = undefined;
    this.#leave(now);
  }

  /** The request to send right now, if there is one. */
  next(now: Reading): LeaseRequest | undefined {
    this.tick(now);
    if (this.#isWaiting || now.monotonic < this.#due) return undefined;
    const since = this.#leaving?.since ?? now;
    const isLate = elapsed(since, now) > this.#settings.renewDeadline;
    if (this.#step === "leave" || isLate) {
      this.#leave(now);
      return undefined;
    }
    const id = ++this.#ids;
    const write = this.#write(now);
    if (write === undefined) {
      this.#pending = { id, sent: now };
      return { kind: "read", id };
    }
    const { bucket, record } = write;
    const attempt = { bucket, record, sent: now };
    this.#attempts.add(attempt);
    this.#pending = { id, sent: now, attempt };
    return { kind: "write", id, ...write };
  }

  /** Takes the reply to a request; late and doubled ones are ignored. */
  reply(id: number, reply: LeaseReply, now: Reading): void {
    const pending = this.#pending;
    if (pending?.id !== id) return;
    this.#pending = undefined;
    const { sent, attempt } = pending;
    if (reply.kind === "stored") this.#stored(attempt!, reply.revision, now);
    else if (reply.kind === "read") this.#found(reply.sight, sent, now);
    else if (reply.kind === "refused") this.#plan("read", now.monotonic);
    else this.#failed(attempt, sent);
    this.tick(now);
  }

  #write(now: Reading): LeaseWrite | undefined {
    const tenure = this.#tenure;
    switch (this.#step) {
      case "take": {
        // The revision the verdict was made on, and no other one.
        const { bucket, revision, record } = this.#observation.sight!;
        return {
          bucket,
          expected: revision,
          record: this.#record(this.#nextTerm(now), false, asReplaced(record)),
        };
      }
      case "renew":
      case "resume":
      case "release": {
        const { bucket, revision, term, replaced } = tenure!;
        const isReleased = this.#step === "release";
        const record = this.#record(term, isReleased, replaced);
        return { bucket, expected: revision, record };
      }
      default:
        return undefined;
    }
  }

  #record(
    term: number,
    released: boolean,
    replaced: ReplacedLease | undefined,
  ): LeaseRecord {
    const { holder, incarnation, settings, nonce, data } = this.#options;
    const own = { holder, incarnation, nonce: nonce() };
    this.#isStale = false;
    const { lease: duration } = settings;
    return { ...own, duration, term, released, replaced, data: data?.() };
  }

  #nextTerm({ wall }: Reading): number {
    const { highestTerm } = this.#observation;
    const seen = Math.max(highestTerm, this.#options.termAbove?.() ?? 0);
    return Math.max(seen + 1, Math.floor(wall));
  }

  #stored(attempt: Attempt, revision: number, now: Reading): void {
    const { bucket, record } = attempt;
    this.#isUnsure = false;
    this.#observation.wrote({ bucket, revision, record }, now);
    if (record.released) return this.#leave(now);
    this.#hold(attempt, revision, now);
    // A process that was stopped meanwhile knows no more what is there.
    if (!this.#isOpen) {
      this.#plan(this.isLeaving ? "release" : "read", now.monotonic);
    }
  }

  #failed(attempt: Attempt | undefined, sent: Reading): void {
    if (attempt !== undefined) this.#isUnsure = true;
    this.#plan(
      this.#isOpen ? "renew" : "read",
      sent.monotonic + this.#jitter(this.#settings.retry),
    );
  }

  #found(sight: Sight, sent: Reading, now: Reading): void {
    const { bucket, revision, record } = sight;
    const highest = this.#observation.highestRevision(bucket);
    this.#observation.see(sight, now);
    this.#isUnsure = false;
    const own = this.#attempts.find(bucket, record);
    // Else somebody else has had the lease since that was written.
    const isOwn = own !== undefined && revision >= highest &&
      own.record.term >= this.#observation.highestTerm;
    if (this.isLeaving) {
      if (!isOwn || record!.released) return this.#leave(now);
      this.#hold(own, revision, now);
      return this.#plan("release", now.monotonic);
    }
    const retryAt = sent.monotonic + this.#jitter(this.#settings.retry);
    if (isOwn) {
      const isNews = this.#tenure?.nonce !== record!.nonce;
      if (isNews) this.#hold(own, revision, now);
      // Unchanged: what refused the renewal was a write that failed itself.
      else if (this.#isOpen) this.#plan("renew", retryAt);
      if (!this.#isOpen) this.#plan("resume", now.monotonic);
      return;
    }
    if (this.#tenure !== undefined) {
      if (this.#keeps(this.#tenure, sight, now, retryAt)) return;
    }
    if (this.#observation.isFree(now.monotonic)) {
      this.#plan("take", now.monotonic);
    } else {
      this.#plan("read", retryAt);
    }
  }

  /** Whether the lease is still this node's after it read something else. */
  #keeps(
    tenure: Tenure,
    { bucket, revision, record }: Sight,
    now: Reading,
    retryAt: number,
  ): boolean {
    const isSameBucket = bucket === tenure.bucket;
    if (isSameBucket && revision < tenure.revision) {
      // Read from a server that has fallen behind, or that lost data.
      if (this.#isOpen) this.#plan("renew", retryAt);
      return this.#isOpen;
    }
    if (record === undefined && this.#isOpen) {
      // Somebody deleted the record or the bucket: nobody can have taken the
      // lease since, for that takes longer than what is left of the window.
      this.#tenure = { ...tenure, bucket, revision };
      this.#plan("renew", now.monotonic);
      return true;
    }
    this.#close("lost");
    this.#tenure = undefined;
    return false;
  }

  /** The lease is this node's: `attempt` is what is stored. */
  #hold(attempt: Attempt, revision: number, now: Reading): void {
    const { bucket, record, sent } = attempt;
    const { term, nonce, replaced } = record;
    this.#tenure = { term, replaced, bucket, revision, nonce, sent };
    if (this.isLeaving || !this.#isInWindow(sent, now)) return;
    const { renewEvery } = this.#settings;
    const wait = this.#isStale ? 0 : this.#jitter(renewEvery);
    this.#plan("renew", sent.monotonic + wait);
    if (this.#isOpen) return;
    this.#isOpen = true;
    const resumed = this.#grantedTerm === term;
    this.#grantedTerm = term;
    this.#events.push({ kind: "granted", term, resumed });
  }

  #close(reason: EndReason): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#events.push({ kind: "ended", term: this.#tenure!.term, reason });
  }

  /** Contends anew. What was sent before a release is nobody's lease any more. */
  #leave(now: Reading): void {
    this.#leaving = undefined;
    this.#tenure = undefined;
    this.#attempts.clear();
    this.#plan("read", now.monotonic + this.#jitter(this.#settings.retry));
  }

  get #isWaiting(): boolean {
    return this.#leaving?.isAtWork === true || this.#pending !== undefined;
  }

  #isInWindow(sent: Reading, now: Reading): boolean {
    return elapsed(sent, now) < this.#settings.renewDeadline;
  }

  #plan(step: Step, due: number): void {
    this.#step = step;
    this.#due = due;
  }

  /** A duration, up to a tenth more or less. */
  #jitter(ms: number): number {
    return ms * (0.9 + this.#options.random() * 0.2);
  }
}
