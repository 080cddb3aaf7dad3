/**
 * Saves: what is stored already is left out, what can't be is refused, and
 * the rest is sent until its outcome is known.
 *
 * @module
 */

import { NoRespondersError } from "../nats/errors.ts";
import type { Multiplexer } from "../nats/multiplexer.ts";
import { encodeToken } from "../nats/names.ts";
import type { ActorHistory } from "./_actor_history.ts";
import { ActorLocks } from "./_actor_locks.ts";
import { decodeEvent, encodeEventTo, sameEvent } from "./_event_codec.ts";
import { type Draft, Publisher } from "./_publisher.ts";
import { findRecentIds } from "./_recent_ids.ts";
import {
  duplicateOf,
  type Plan,
  planSave,
  type Saved,
  type SaveRequest,
} from "./_save_plan.ts";
import { isBusy, isFull, judge, type Verdict } from "./_save_setback.ts";
import { Header, type StoredMessage } from "./_stored_message.ts";
import { isTransient, type ReadBounds } from "./_stream_reader.ts";
import type { Tail, TailCache } from "./_tail_cache.ts";
import { backoff, Deadline, delay, untilAborted } from "./_waiting.ts";
import {
  DuplicateEventError,
  SaveOutcomeUnknownError,
  VersionConflictError,
} from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import {
  JetStreamUnavailableError,
  StreamFullError,
} from "./jetstream_errors.ts";

/** How long one attempt waits for its answer, in milliseconds. */
const ATTEMPT_TIMEOUT = 5_000;

/** How often a leader is asked about a tail that is lower than expected. */
const MAX_CONFIRMATIONS = 3;

/** Saves events of one store. */
export class EventWriter {
  readonly #mux: Multiplexer;
  readonly #history: ActorHistory;
  readonly #tails: TailCache;
  readonly #publisher: Publisher;
  readonly #locks = new ActorLocks();
  readonly #timeout: number;
  /** Names this writer among all that ever write to the stream. */
  readonly #name = crypto.randomUUID().replaceAll("-", "").slice(0, 12);
  #saves = 0;

  /** @param timeout Milliseconds until an outcome counts as unknown. */
  constructor(
    mux: Multiplexer,
    history: ActorHistory,
    tails: TailCache,
    timeout: number,
  ) {
    this.#mux = mux;
    this.#history = history;
    this.#tails = tails;
    this.#publisher = new Publisher(mux);
    this.#timeout = timeout;
  }

  /** What is sent for an event: it is validated and read once, now. */
  draft(event: AnyEvent, action: string): Draft {
    const json = encodeEventTo(action, event);
    const { id, actorId, version } = event;
    return {
      event: { id, actorId, version },
      subject: this.#history.subjectOf(actorId),
      msgId: encodeToken(id),
      payload: new TextEncoder().encode(json),
    };
  }

  /** Saves the drafts, all or none; what became of each, in their order. */
  async save(request: SaveRequest): Promise<Saved[]> {
    const { drafts, signal } = request;
    const actorIds = [...new Set(drafts.map(({ event }) => event.actorId))];
    const bounds = { deadline: new Deadline(this.#timeout), signal };
    const acquired = this.#locks.acquire(actorIds);
    try {
      await untilAborted(acquired, signal);
    } catch (error) {
      acquired.then((release) => release());
      throw error;
    }
    const release = await acquired;
    try {
      return await this.#run(request, actorIds, bounds);
    } finally {
      release();
    }
  }

  async #run(
    request: SaveRequest,
    actorIds: readonly string[],
    bounds: ReadBounds,
  ): Promise<Saved[]> {
    const { drafts, signal } = request;
    const name = `${this.#name}${(this.#saves++).toString(36)}`;
    /** Why an attempt of this call may have been stored. */
    let doubt: { cause: unknown } | undefined;
    try {
      let tails = await this.#knownTails(actorIds, bounds);
      let confirmations = 0;
      for (let n = 0;; n++) {
        let plan: Plan;
        try {
          plan = await planSave(request, name, tails, this.#history, bounds);
        } catch (error) {
          if (
            !(error instanceof VersionConflictError) ||
            this.#isCertain(error, confirmations++)
          ) throw error;
          if (confirmations > 1) await delay(backoff(confirmations), signal);
          tails = await this.#history.tails(actorIds, "strong", bounds);
          continue;
        }
        if (plan.entries.length === 0) return outcome(drafts, plan);
        await this.#mux.connected({ timeout: bounds.deadline.left, signal });
        const setback = await this.#attempt(plan, name, bounds);
        if (setback === undefined) return outcome(drafts, plan);
        const { verdict, error } = setback;
        if (verdict === "unknown") doubt = { cause: error };
        if (signal?.aborted) throw signal.reason;
        if (verdict === "final" && doubt === undefined) throw error;
        if (bounds.deadline.left === 0) throw error;
        if (error instanceof NoRespondersError) {
          await this.#history.reader.state("save", bounds);
        }
        if (n > 0 || verdict === "refused") {
          await delay(Math.min(backoff(n), bounds.deadline.left), signal);
        }
        tails = await this.#history.tails(actorIds, "strong", bounds);
        if (verdict === "duplicate-id" && n > 1) {
          await this.#nameDuplicate(plan, bounds);
        }
      }
    } catch (error) {
      throw this.#explain(error, drafts, doubt);
    }
  }

  /** Sends what is to be sent; undefined when it is stored. */
  async #attempt(
    plan: Plan,
    name: string,
    bounds: ReadBounds,
  ): Promise<{ verdict: Verdict; error: unknown } | undefined> {
    const { entries, stored } = plan;
    const highest = this.#tails.highest;
    try {
      const { sequence, duplicate } = await this.#publisher.send(
        entries,
        name,
        {
          timeout: Math.min(ATTEMPT_TIMEOUT, Math.max(1, bounds.deadline.left)),
          signal: bounds.signal,
        },
      );
      if (duplicate) {
        return await this.#checkDuplicate(entries[0]!.draft, sequence, bounds);
      }
      if (sequence <= highest) this.#history.reader.suspect();
      entries.forEach(({ draft: { event } }, i) => {
        const own = sequence - entries.length + 1 + i;
        stored.set(event.id, { sequence: own, fresh: true });
        const { actorId, version, id } = event;
        this.#tails.advance(actorId, { version, sequence: own, eventId: id });
      });
      return undefined;
    } catch (error) {
      if (error instanceof DuplicateEventError) throw error;
      return { verdict: judge(error, bounds.signal), error };
    }
  }

  /**
   * The server knows the id of a single message. Is it this event?
   *
   * @throws {DuplicateEventError} If it is another one.
   */
  async #checkDuplicate(
    draft: Draft,
    seq: number,
    bounds: ReadBounds,
  ): Promise<{ verdict: Verdict; error: unknown }> {
    const message = await this.#history.reader.fromLeader({ seq }, bounds);
    if (message !== undefined) throwUnlessSame(draft, message);
    const error = new Error(
      `The server knows id ${
        JSON.stringify(draft.event.id)
      }, at sequence ${seq}`,
    );
    return { verdict: "overtaken", error };
  }

  /**
   * The server knows an id of a batch and does not say which.
   *
   * @throws {DuplicateEventError} If it is another event's.
   */
  async #nameDuplicate({ entries }: Plan, bounds: ReadBounds): Promise<void> {
    const byId = new Map(entries.map(({ draft }) => [draft.msgId, draft]));
    const found = await findRecentIds(
      this.#history.reader,
      this.#history.subjects,
      byId,
      bounds,
    );
    for (const message of found) {
      throwUnlessSame(byId.get(message.header(Header.msgId))!, message);
    }
  }

  /** What is known, and for the other actors what the nearest replica knows. */
  async #knownTails(
    actorIds: readonly string[],
    bounds: ReadBounds,
  ): Promise<Map<string, Tail>> {
    const known = new Map<string, Tail>();
    const unknown: string[] = [];
    for (const actorId of actorIds) {
      const tail = this.#tails.get(actorId);
      if (tail === undefined) unknown.push(actorId);
      else known.set(actorId, tail);
    }
    if (unknown.length === 0) return known;
    const found = await this.#history.tails(unknown, "eventual", bounds);
    for (const [actorId, tail] of found) known.set(actorId, tail);
    return known;
  }

  /** Whether a conflict needs no further look at the actor's tail. */
  #isCertain(conflict: VersionConflictError, confirmations: number): boolean {
    if (confirmations === 0) return false; // what is known may be old
    const { expectedVersion, currentVersion } = conflict;
    if (expectedVersion === undefined || currentVersion > expectedVersion) {
      return true;
    }
    // A leader that was frozen may answer with less than there is.
    return this.#history.reader.stream.replicas === 1 ||
      confirmations >= MAX_CONFIRMATIONS;
  }

  /** The error a save ends with. */
  #explain(
    error: unknown,
    drafts: readonly Draft[],
    doubt: { cause: unknown } | undefined,
  ): unknown {
    if (
      error instanceof VersionConflictError ||
      error instanceof DuplicateEventError
    ) return error;
    if (doubt !== undefined) {
      const ids = drafts.map(({ event }) => event.id);
      return new SaveOutcomeUnknownError(
        `It is not known whether ${ids.length} event(s) were stored (${
          error instanceof Error ? error.message : String(error)
        }); save them again with the same ids to find out`,
        ids,
        { cause: error },
      );
    }
    const { name } = this.#history.reader.stream;
    if (isFull(error)) return new StreamFullError(name, { cause: error });
    if (!isTransient(error) && !isBusy(error)) return error;
    return new JetStreamUnavailableError(
      `Cannot save: stream ${
        JSON.stringify(name)
      } did not take it within ${this.#timeout} ms; nothing was stored`,
      { cause: error },
    );
  }
}

/** What became of each draft, all of them being stored. */
function outcome(drafts: readonly Draft[], { stored }: Plan): Saved[] {
  return drafts.map(({ event }) => stored.get(event.id)!);
}

/** @throws {DuplicateEventError} If the message is not the draft's event. */
function throwUnlessSame(
  { event, subject, payload }: Draft,
  { subject: storedSubject, sequence, data }: StoredMessage,
): void {
  const stored = tryDecode(data);
  const same = subject === storedSubject && stored !== undefined &&
    sameEvent(stored, decodeEvent(payload));
  if (!same) throw duplicateOf(event, { event: stored, sequence });
}

function tryDecode(data: Uint8Array): AnyEvent | undefined {
  try {
    return decodeEvent(data);
  } catch {
    return undefined; // whatever it is, it is not the event in question
  }
}
