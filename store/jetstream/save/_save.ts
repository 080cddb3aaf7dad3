/**
 * One save: planned, sent, and sent again until its outcome is known.
 *
 * @module
 */

import { offAbort, onAbort } from "../../../internal/aborts.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
  NoRespondersError,
  withReason,
} from "../../../internal/nats/errors.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import type { ActorHistory } from "../read/actor_history.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import type { ActorLocks } from "./_actor_locks.ts";
import type { Draft } from "./_entry.ts";
import { ATTEMPT_TIMEOUT_MS, type QueuedSave } from "./_queued_save.ts";
import type { SaveQueue } from "./_save_queue.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { outcomeUnknown } from "./_unknown_outcome.ts";
import { checkTakenId, findTakenId } from "./_duplicate_ids.ts";
import {
  closedDuring,
  isReasonOf,
  isTransient,
} from "../stream/request_errors.ts";
import {
  type Plan,
  planSave,
  type Saved,
  type SaveRequest,
} from "./_save_plan.ts";
import {
  classify,
  isFull,
  NotSentError,
  type Outcome,
} from "../stream/attempt_outcome.ts";
import type { Tail } from "../read/tail_cache.ts";
import { backoff, Deadline, delay } from "../../../internal/waiting.ts";
import { DuplicateEventError, VersionConflictError } from "../../errors.ts";
import { sizeRefusal } from "./_size_limit.ts";
import {
  JetStreamUnavailableError,
  StaleReadError,
  StreamFullError,
} from "../errors.ts";

/** How often a leader is asked about a tail that is lower than expected. */
const MAX_CONFIRMATIONS = 3;

/** The parts that all saves of a writer share. */
export interface SaveContext {
  readonly mux: Multiplexer;
  readonly history: ActorHistory;
  readonly tails: ActorTails;
  readonly locks: ActorLocks;
  readonly queue: SaveQueue;
  /** Milliseconds until an outcome counts as unknown. */
  readonly timeout: number;
}

/** Why an attempt did not store everything, as far as is known. */
export type FailedAttempt =
  | { readonly error: unknown }
  /** The id of the draft, sent alone, was known at this sequence. */
  | { readonly duplicate: number; readonly draft: Draft };

/** One call, while it holds the locks of its actors. */
export class Save {
  readonly #request: SaveRequest;
  readonly #actorIds: readonly string[];
  readonly #name: string;
  readonly #context: SaveContext;
  readonly #bounds: ReadBounds;
  /** Why an attempt may have been stored, if one may have been. */
  #doubt: { readonly cause: unknown } | undefined;
  #wasFull = false;
  /** The error for an id that another event has; a conflict comes before it. */
  #duplicate: DuplicateEventError | undefined;

  /**
   * @param actorIds Those of the drafts, each once.
   * @param name Names the call, to recognize its own events by.
   * @param deadline When the outcome counts as unknown, in monotonic
   * milliseconds.
   */
  constructor(
    request: SaveRequest,
    actorIds: readonly string[],
    name: string,
    deadline: number,
    context: SaveContext,
  ) {
    this.#request = request;
    this.#actorIds = actorIds;
    this.#name = name;
    this.#context = context;
    this.#bounds = {
      deadline: Deadline.at(deadline),
      signal: request.signal,
      isFinal: true,
    };
  }

  /**
   * Saves all that is not stored; what became of each draft, in their order.
   *
   * @param failure An attempt that was made before.
   */
  async run(failure?: FailedAttempt): Promise<Saved[]> {
    try {
      // Saves that wait for the locks must not wait for a useless look.
      const isLate = this.#bounds.deadline.left === 0;
      if (isLate && failure === undefined) throw new NotSentError();
      let tails = failure === undefined
        ? await this.#knownTails()
        : await this.#recover(failure, 0);
      let confirmed = failure !== undefined;
      let isIdTaken = false;
      for (let attempt = 1;; attempt++) {
        const plan = await this.#plan(tails, confirmed);
        if (plan.entries.length === 0) return this.#outcome(plan);
        if (isIdTaken) {
          const { tails } = this.#context;
          this.#duplicate = await findTakenId(
            tails,
            plan.entries,
            this.#request.action,
            this.#bounds,
          );
        }
        if (this.#duplicate !== undefined) throw this.#duplicate;
        const next = await this.#attempt(plan);
        if (next === undefined) return this.#outcome(plan);
        tails = await this.#recover(next, attempt);
        confirmed = true;
        isIdTaken = outcomeOf(next) === "duplicate-id";
      }
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /**
   * What is still to be done; conflicts are looked into before they count.
   *
   * @param confirmed Whether the leader was asked for the tails just now.
   */
  async #plan(
    tails: ReadonlyMap<string, Tail>,
    confirmed: boolean,
  ): Promise<Plan> {
    const { tails: ends } = this.#context;
    // What a conflict tells must not fall behind of what was seen.
    const isSure = confirmed &&
      !this.#actorIds.some((actorId) => ends.mayLack(actorId));
    for (let asked = isSure ? 1 : 0;; asked++) {
      try {
        return await planSave(
          this.#request,
          this.#name,
          tails,
          this.#context,
          this.#bounds,
        );
      } catch (error) {
        const isConflict = error instanceof VersionConflictError;
        if (!isConflict || this.#isCertain(error, asked)) throw error;
        if (asked > 0) await delay(backoff(asked), this.#bounds.signal);
        const before = tails;
        tails = await ends.ofAll(this.#actorIds, "strong", this.#bounds);
        const changed = this.#actorIds.some((actorId) =>
          tails.get(actorId)!.sequence !== before.get(actorId)!.sequence
        );
        if (!changed && this.#isCertain(error, asked + 1)) throw error;
      }
    }
  }

  /** Makes one attempt; undefined when it has stored all entries. */
  async #attempt(
    { entries, stored }: Plan,
  ): Promise<FailedAttempt | undefined> {
    const { mux, tails, queue } = this.#context;
    const { action } = this.#request;
    const { deadline, signal } = this.#bounds;
    await mux.watch.connected({ timeout: deadline.left, signal });
    signal?.throwIfAborted();
    if (deadline.left === 0) return { error: new NotSentError() };
    for (const { draft } of entries) {
      const refusal = sizeRefusal(action, draft, mux, tails.reader);
      if (refusal !== undefined) throw refusal; // the limit was lowered
    }
    return await new Promise((resolve, reject) => {
      const settle = (failure: FailedAttempt | undefined) => {
        offAbort(signal, abortable);
        resolve(failure);
      };
      const queued: QueuedSave = {
        entries,
        timeout: Math.min(ATTEMPT_TIMEOUT_MS, deadline.left),
        deadline: deadline.at,
        stored: (sequence, duplicate) => {
          if (duplicate) {
            return settle({ duplicate: sequence, draft: entries[0]!.draft });
          }
          const first = sequence - entries.length + 1;
          entries.forEach(({ draft: { id } }, i) => {
            stored.set(id, { sequence: first + i, fresh: true });
          });
          settle(undefined);
        },
        failed: (error) => settle({ error }),
      };
      const abortable = {
        aborted: () => {
          const isUnsent = queue.withdraw(queued);
          if (!isUnsent) this.#doubt = { cause: signal!.reason };
          reject(signal!.reason);
        },
      };
      onAbort(signal, abortable);
      queue.submit(queued);
    });
  }

  /**
   * Asks the leader for the actors' tails after an attempt that failed.
   *
   * @param attempt How many attempts failed before it: each waits longer.
   * @throws What the save ends with, if trying again is of no use.
   */
  async #recover(
    failure: FailedAttempt,
    attempt: number,
  ): Promise<ReadonlyMap<string, Tail>> {
    const { mux, tails } = this.#context;
    const { deadline, signal } = this.#bounds;
    if ("duplicate" in failure) {
      const { duplicate, draft } = failure;
      this.#duplicate = await checkTakenId(
        tails,
        draft,
        duplicate,
        this.#request.action,
        this.#bounds,
      );
    } else {
      const { error } = failure;
      const outcome = classify(error);
      if (outcome === "unknown") this.#doubt = { cause: error };
      if (outcome === "final" && this.#doubt === undefined) {
        // A server without room may not have looked what is stored already.
        if (!isFull(error) || this.#wasFull) throw error;
        this.#wasFull = true;
      }
      if (deadline.left === 0) throw error;
      if (error instanceof NoRespondersError) {
        await tails.reader.state("save", this.#bounds);
      }
      // A first conflict is told, or sent again elsewhere, at once.
      const waits = attempt > 1 || outcome === "refused" ||
        outcome === "final" || (attempt > 0 && outcome !== "conflict");
      if (waits) {
        await delay(Math.min(backoff(attempt), deadline.left), signal);
      }
    }
    await mux.watch.connected({ timeout: deadline.left, signal });
    const hasMoved = "error" in failure &&
      classify(failure.error) === "conflict";
    return await tails.forSave(this.#actorIds, true, this.#bounds, hasMoved);
  }

  /** The cached tails, and for the other actors what the nearest replica has. */
  async #knownTails(): Promise<Map<string, Tail>> {
    const { tails } = this.#context;
    const known = new Map<string, Tail>();
    const unknown: string[] = [];
    for (const actorId of this.#actorIds) {
      const tail = tails.cache.get(actorId);
      if (tail === undefined) unknown.push(actorId);
      else known.set(actorId, tail);
    }
    if (unknown.length === 0) return known;
    const found = await tails.forSave(unknown, false, this.#bounds);
    for (const [actorId, tail] of found) known.set(actorId, tail);
    return known;
  }

  /** Whether a conflict is certain without asking for the tail again. */
  #isCertain(
    { attemptedVersion, currentVersion, expectedVersion }: VersionConflictError,
    asked: number,
  ): boolean {
    if (asked === 0) return false; // the cached tail may be old
    if (attemptedVersion <= currentVersion) return true;
    if (expectedVersion! < currentVersion) return true;
    // A leader that was frozen may answer with less than there is.
    return this.#context.tails.reader.stream.replicas === 1 ||
      asked >= MAX_CONFIRMATIONS;
  }

  /** The outcome for each draft, all of which are stored. */
  #outcome({ stored }: Plan): Saved[] {
    return this.#request.drafts.map(({ id }) => stored.get(id)!);
  }

  /** The error the save ends with. */
  #explain(error: unknown): unknown {
    const isGivenUp = isReasonOf(this.#request.signal, error);
    if (isGivenUp && this.#doubt === undefined) return error;
    const isCertain = error instanceof VersionConflictError ||
      error instanceof DuplicateEventError;
    if (isCertain && !isGivenUp) return error;
    const { name } = this.#context.tails.reader.stream;
    if (this.#doubt !== undefined) {
      const isNews = isGivenUp || !isTransient(error);
      const cause = isNews ? error : this.#doubt.cause;
      return outcomeUnknown(this.#request.drafts, cause);
    }
    const { action } = this.#request;
    if (isFull(error)) {
      return new StreamFullError(action, name, { cause: error });
    }
    if (error instanceof ConnectionClosedError) {
      // What may have been sent asked where the actor is.
      return closedDuring(action, error, false);
    }
    const isStale = error instanceof StaleReadError;
    if (classify(error) === "final" && !isStale) return error;
    const why = error instanceof ConnectionLostError
      ? withReason("the NATS connection was not back", error.cause)
      : `stream ${JSON.stringify(name)} did not take it`;
    return new JetStreamUnavailableError(
      `Cannot ${action}: ${why} within ${this.#context.timeout} ms; this call stored nothing`,
      { cause: error },
    );
  }
}

function outcomeOf(failure: FailedAttempt): Outcome {
  return "error" in failure ? classify(failure.error) : "conflict";
}
