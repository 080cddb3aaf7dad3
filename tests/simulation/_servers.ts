/**
 * Simulated servers that keep one lease.
 *
 * @module
 */

import type { LeaseReply, LeaseRequest } from "../../cluster/lease/protocol.ts";
import type { LeaseRecord } from "../../cluster/lease/record.ts";

/** What the servers have at one time. */
interface State {
  readonly at: number;
  readonly bucket: string;
  /** Of the key; 0 if it was never written. */
  readonly revision: number;
  /** Of the bucket: the last one given to anything. */
  readonly last: number;
  readonly record: LeaseRecord | undefined;
}

/** A value that is replaced by compare-and-set, and its history. */
export class Servers {
  /** Whether writes for another life of the bucket are refused. */
  readonly #knowsLives: boolean;
  readonly #history: State[] = [
    { at: 0, bucket: "b1", revision: 0, last: 0, record: undefined },
  ];
  #lives = 1;

  /** @param knowsLives False for the planted bug. */
  constructor(knowsLives: boolean) {
    this.#knowsLives = knowsLives;
  }

  get #now(): State {
    return this.#history.at(-1)!;
  }

  /** Answers a request that arrives now, reads as of a time. */
  serve(request: LeaseRequest, now: number, asOf: number): LeaseReply {
    if (request.kind === "read") {
      const { bucket, revision, record } = this.#asOf(asOf);
      const life = this.#knowsLives ? bucket : "b";
      return { kind: "read", sight: { bucket: life, revision, record } };
    }
    const { bucket, revision, last } = this.#now;
    const { expected, record } = request;
    const isLife = !this.#knowsLives || request.bucket === bucket;
    // No expectation at all is a planted bug.
    const isExpected = expected === revision || Number.isNaN(expected);
    if (!isLife || !isExpected) return { kind: "refused" };
    this.#push({ at: now, bucket, revision: last + 1, last: last + 1, record });
    return { kind: "stored", revision: last + 1 };
  }

  /** Deletes the bucket and makes it again. */
  recreate(at: number): void {
    const bucket = `b${++this.#lives}`;
    this.#push({ at, bucket, revision: 0, last: 0, record: undefined });
  }

  /** The highest term that was stored after a time; 0 if there was none. */
  highestTermSince(time: number): number {
    const lost = this.#history.filter(({ at }) => at > time);
    return Math.max(0, ...lost.map(({ record }) => record?.term ?? 0));
  }

  /** Goes back to what there was. */
  restore(at: number, asOf: number): void {
    this.#push({ ...this.#asOf(asOf), at });
  }

  /** Puts a mark in the record's place. */
  delete(at: number): void {
    const { last } = this.#now;
    const revision = last + 1;
    this.#push({
      ...this.#now,
      at,
      revision,
      last: revision,
      record: undefined,
    });
  }

  /** Drops the record without a mark, if it is older than so long. */
  expire(at: number, age: number): void {
    if (at - this.#now.at < age) return;
    this.#push({ ...this.#now, at, revision: 0, record: undefined });
  }

  #asOf(time: number): State {
    return this.#history.findLast(({ at }) => at <= time) ?? this.#history[0]!;
  }

  #push(state: State): void {
    this.#history.push(state);
  }
}
