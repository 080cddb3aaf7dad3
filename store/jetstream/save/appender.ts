/**
 * Appends: saves of one actor's events that are given their versions here.
 *
 * @module
 */

import { PayloadTooLargeError } from "../../../event/errors.ts";
import { withVersion } from "../../../event/event_draft.ts";
import { show } from "../../../internal/show.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import {
  DuplicateEventError,
  SaveOutcomeUnknownError,
  VersionConflictError,
} from "../../errors.ts";
import { JetStreamUnavailableError } from "../errors.ts";
import type { ActorHistory } from "../read/actor_history.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import type { Tail } from "../read/tail_cache.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { errorOfCall } from "../stream/request_errors.ts";
import { AppendQueue, type GroupMember } from "./_append_queue.ts";
import { findCommandEvents } from "./_command_search.ts";
import {
  type AppendCall,
  type Appended,
  PendingAppend,
} from "./_pending_append.ts";
import { outcomeUnknown } from "./_unknown_outcome.ts";
import type { Saved } from "./_save_plan.ts";
import type { EventWriter } from "./event_writer.ts";
import type { AnyEvent } from "../../../event/event.ts";

export type { AppendCall, Appended } from "./_pending_append.ts";

const ACTION = "append";

/** How often a leader is asked about a tail that is lower than expected. */
const MAX_CONFIRMATIONS = 3;

/**
 * Turns of the microtask queue in which callers that were answered append
 * again, to be sent with those that wait already.
 */
const ANSWER_TURNS = 64;

/**
 * How many groups are sent to an actor on end, and how many once another store
 * was seen to append to it too. Then there is a pause for as long as the last
 * one took: the other store has to read the tail after each race it loses, and
 * would lose them all.
 */
const MAX_TURNS = 16;
const MAX_CONTENDED_TURNS = 4;

/** What an {@linkcode Appender} works with. */
export interface AppenderParts {
  readonly writer: EventWriter;
  readonly tails: ActorTails;
  readonly history: ActorHistory;
  /** Milliseconds until an outcome counts as unknown. */
  readonly timeout: number;
}

/** Appends events of one store. */
export class Appender {
  readonly #writer: EventWriter;
  readonly #tails: ActorTails;
  readonly #history: ActorHistory;
  readonly #timeout: number;
  /** Of each actor, the appends that go behind whatever is there. */
  readonly #queues = new Map<string, AppendQueue>();

  constructor({ writer, tails, history, timeout }: AppenderParts) {
    this.#writer = writer;
    this.#tails = tails;
    this.#history = history;
    this.#timeout = timeout;
  }

  /** Appends the events of a call, all or none. */
  append(call: AppendCall): Promise<Appended> {
    const { events, expectedVersion } = call;
    if (events.length === 0) {
      return this.#appendNothing(call).catch((error) => {
        throw errorOfCall(ACTION, error, call.signal);
      });
    }
    return expectedVersion === "any"
      ? this.#appendBehind(call)
      : this.#appendAt(call, expectedVersion);
  }

  /** Checks what a call expects that has no events. */
  async #appendNothing(call: AppendCall): Promise<Appended> {
    const { actorId, expectedVersion, signal } = call;
    const found = await this.#findCommand(call, undefined);
    if (found !== undefined) return found;
    const { reader } = this.#tails;
    const bounds = reader.bounds(signal);
    for (let asked = 1;; asked++) {
      const { version } = await this.#tails.of(actorId, "strong", bounds);
      if (expectedVersion === "any" || version === expectedVersion) {
        return { events: [], saved: [], version };
      }
      // A leader that was frozen may answer with less than there is.
      const isCertain = version > expectedVersion ||
        reader.stream.replicas === 1 || asked === MAX_CONFIRMATIONS;
      if (isCertain) {
        throw new VersionConflictError({
          actorId,
          attemptedVersion: expectedVersion + 1,
          currentVersion: version,
          expectedVersion,
          action: ACTION,
        });
      }
      await delay(backoff(asked), signal);
    }
  }

  /** Appends where the actor is expected to be. */
  async #appendAt(call: AppendCall, base: number): Promise<Appended> {
    const pending = new PendingAppend(call);
    pending.stage = "alone";
    const member = this.#number(pending, base);
    try {
      const saved = await this.#save([member], base);
      await this.#settle(member, saved);
    } catch (error) {
      if (error instanceof VersionConflictError) {
        await this.#fail(member, error, base + 1);
      } else if (error instanceof DuplicateEventError) {
        await this.#fail(member, error, error.storedVersion);
      } else pending.reject(error);
    }
    return await pending.result;
  }

  /** Appends behind whatever is there, together with others that wait. */
  #appendBehind(call: AppendCall): Promise<Appended> {
    const { actorId } = call;
    const pending = new PendingAppend(call);
    const queue = this.#queues.get(actorId);
    if (queue !== undefined) queue.add(pending);
    else {
      const begun = new AppendQueue(actorId);
      begun.add(pending);
      this.#queues.set(actorId, begun);
      this.#drain(begun);
    }
    return pending.result;
  }

  /** Sends what waits in a queue, group by group, until nothing does. */
  async #drain(queue: AppendQueue): Promise<void> {
    let turns = 0;
    let mostTurns = MAX_TURNS;
    while (queue.length > 0) {
      const began = performance.now();
      try {
        const isConflict = await this.#sendGroup(queue);
        if (isConflict) mostTurns = MAX_CONTENDED_TURNS;
        turns = isConflict ? 0 : turns + 1;
      } catch (error) {
        queue.failAll(errorOfCall(ACTION, error));
      }
      if (turns < mostTurns || queue.length === 0) continue;
      turns = 0;
      await delay(performance.now() - began);
    }
    this.#queues.delete(queue.actorId);
  }

  /** Sends what waits as one group; whether another store was faster. */
  async #sendGroup(queue: AppendQueue): Promise<boolean> {
    const { actorId } = queue;
    const { version } = await this.#nearestTail(actorId);
    queue.failOlder(
      performance.now() - this.#timeout,
      () =>
        new JetStreamUnavailableError(
          `Cannot ${ACTION}: the turn of this call to append to actor ${
            show(actorId)
          } did not come within ${this.#timeout} ms; it stored nothing`,
        ),
    );
    const group = queue.next(
      version,
      (pending, above) => this.#number(pending, above),
    );
    if (group.length === 0) return false;
    let isConflict = false;
    try {
      const saved = await this.#save(group, version);
      let first = 0;
      for (const member of group) {
        const end = first + member.events.length;
        await this.#settle(member, saved.slice(first, end));
        first = end;
      }
    } catch (error) {
      isConflict = error instanceof VersionConflictError;
      await this.#recover(queue, group, error);
    }
    if (group.length > 1 && !isConflict) {
      for (let i = 0; i < ANSWER_TURNS; i++) await undefined;
    }
    return isConflict;
  }

  /** Decides what becomes of a group of which nothing was stored, or is unknown. */
  async #recover(
    queue: AppendQueue,
    group: readonly GroupMember[],
    error: unknown,
  ): Promise<void> {
    if (error instanceof VersionConflictError) return queue.putBack(group);
    if (error instanceof DuplicateEventError) {
      const { eventId, storedVersion } = error;
      const has = ({ events }: GroupMember) =>
        events.some(({ id }) => id === eventId);
      queue.putBack(group.filter((member) => !has(member)));
      return await this.#fail(group.find(has)!, error, storedVersion);
    }
    if (error instanceof PayloadTooLargeError) {
      const isLarge = ({ drafts }: GroupMember) =>
        drafts.some((draft) => this.#writer.isTooLarge(draft));
      queue.putBack(group.filter((member) => !isLarge(member)));
      for (const member of group.filter(isLarge)) member.pending.reject(error);
      return;
    }
    // Only the oldest has had all its time.
    if (error instanceof JetStreamUnavailableError) {
      group[0]!.pending.reject(error);
      return queue.putBack(group.slice(1));
    }
    for (const { pending } of group) {
      const { events } = pending.call;
      pending.reject(
        error instanceof SaveOutcomeUnknownError && group.length > 1
          ? outcomeUnknown(events, error.cause)
          : error,
      );
    }
  }

  /** Saves the events of a group behind a version, all or none. */
  #save(group: readonly GroupMember[], above: number): Promise<Saved[]> {
    const [{ pending: { call } }] = group as [GroupMember];
    return this.#writer.save({
      action: ACTION,
      drafts: group.flatMap(({ drafts }) => drafts),
      expectedVersions: new Map([[call.actorId, above]]),
      signal: group.length === 1 ? call.signal : undefined,
      began: call.began,
      newOnly: new Set(
        group.filter(({ pending }) => pending.call.commandId !== undefined)
          .flatMap(({ events }) => events.map(({ id }) => id)),
      ),
    });
  }

  /** Ends an append whose events are stored. */
  async #settle(
    { pending, events }: GroupMember,
    saved: readonly Saved[],
  ): Promise<void> {
    const { version } = events.at(-1)!;
    if (saved.every(({ fresh }) => fresh)) {
      return pending.resolve({ events, saved, version });
    }
    try {
      const stored = await this.#asStored(pending.call, events);
      pending.resolve({ events: stored, saved, version });
    } catch (error) {
      pending.reject(outcomeUnknown(events, error));
    }
  }

  /** The events as they are stored: a retry may have made the rest anew. */
  async #asStored(
    { actorId, signal }: AppendCall,
    events: readonly AnyEvent[],
  ): Promise<AnyEvent[]> {
    const bounds = this.#tails.reader.bounds(signal);
    const tail = await this.#tails.of(actorId, "strong", bounds);
    const [first, last] = [events[0]!, events.at(-1)!];
    const stored = await this.#history
      .between(actorId, tail, first.version, last.version, bounds);
    const byId = new Map(stored.map(({ event }) => [event.id, event]));
    return events.map((event) => byId.get(event.id) ?? event);
  }

  /**
   * Ends an append of which nothing was stored: its command may have stored
   * its events before.
   *
   * @param hint The version that the first of them may have.
   */
  async #fail(
    { pending }: GroupMember,
    error: Error,
    hint: number | undefined,
  ): Promise<void> {
    try {
      const found = await this.#findCommand(pending.call, hint);
      if (found === undefined) pending.reject(error);
      else pending.resolve(found);
    } catch (error) {
      pending.reject(errorOfCall(ACTION, error, pending.call.signal));
    }
  }

  /** The stored events of a call's command, if it has one and they are found. */
  async #findCommand(
    { actorId, commandId, signal }: AppendCall,
    hint: number | undefined,
  ): Promise<Appended | undefined> {
    if (commandId === undefined) return undefined;
    const found = await findCommandEvents(
      { actorId, commandId },
      hint,
      this.#tails,
      this.#history,
      this.#tails.reader.bounds(signal),
    );
    if (found.length === 0) return undefined;
    return {
      events: found.map(({ event }) => event),
      saved: found.map(({ sequence }) => ({ sequence, fresh: false })),
      version: found.at(-1)!.event.version,
    };
  }

  /** An append with its events at the versions above one (exclusive). */
  #number(pending: PendingAppend, above: number): GroupMember {
    const { events: templates, trace } = pending.call;
    const { length } = templates;
    const events = templates.map((event, i) =>
      withVersion(event, above + i + 1, ACTION)
    );
    const drafts = events.map((event, i) =>
      this.#writer.draft(event, `append event ${i + 1} of ${length}`, trace)
    );
    return { pending, events, drafts };
  }

  /** The end of an actor's history as known here, or by the nearest replica. */
  async #nearestTail(actorId: string): Promise<Tail> {
    const known = this.#tails.cache.get(actorId);
    if (known !== undefined) return known;
    const bounds: ReadBounds = this.#tails.reader.bounds();
    return (await this.#tails.forSave([actorId], false, bounds)).get(actorId)!;
  }
}
