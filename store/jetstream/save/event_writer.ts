/**
 * Saves: what an event becomes on the way to the stream, and the short way
 * for the most frequent case.
 *
 * The way of a save, and who answers for what:
 *
 * 1. The store has each event made a `Draft`: checked, read once, encoded.
 * 2. `EventWriter` takes the locks of the save's actors and holds them until
 *    the outcome is known, so that one actor's saves follow each other. The
 *    time, `saveTimeout` from the call, runs from before that.
 * 3. A `Save` compares the drafts with what is known of their actors: what is
 *    stored already is left out, what follows becomes an `Entry`, all of them a
 *    `QueuedSave`. It repeats this with what the servers say when an attempt does not
 *    go well. A `NextSave` is a unit without all that, for one event that
 *    follows the tail that is known.
 * 4. `SaveQueue` has units wait for room, and may send several as one `Batch`.
 *    If one of them does not fit where it was expected, it sends the others
 *    again.
 * 5. `Publisher` sends the entries of a flight as an `Attempt`: a message, or an
 *    atomic batch, and one acknowledgement, which `Multiplexer` waits for.
 *
 * The outcome goes back the same way. A caller that gives up releases the locks
 * at once; what is then not in the queue's queue any more may still be
 * sent, and its outcome counts as unknown.
 *
 * @module
 */

import { type Abortable, offAbort, onAbort } from "../../../internal/aborts.ts";
import { encodeUtf8 } from "../../../internal/nats/encoding.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { encodeToken } from "../../../internal/nats/names.ts";
import { show } from "../../../internal/show.ts";
import type { ActorHistory } from "../read/actor_history.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import { ActorLocks } from "./_actor_locks.ts";
import { type QueuedSave, SaveQueue } from "./_save_queue.ts";
import { encodeEventTo } from "../../../event/event_codec.ts";
import { Draft, Entry, MAX_HEADER_BYTES } from "./_publisher.ts";
import {
  ATTEMPT_TIMEOUT_MS,
  type FailedAttempt,
  outcomeUnknown,
  Save,
} from "./_save.ts";
import type { Saved, SaveRequest } from "./_save_plan.ts";
import { PayloadTooLargeError } from "../../../event/errors.ts";
import type { AnyEvent } from "../../../event/event.ts";

/** How a writer works. */
export interface WriterOptions {
  /** Milliseconds until an outcome counts as unknown. */
  readonly timeout: number;
  /** Whether saves may ride together. */
  readonly grouping: boolean;
}

/** A call that saves one event; one of its methods is called, once. */
export interface SingleSave {
  readonly draft: Draft;
  readonly expectedVersion: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** When the call came, in monotonic milliseconds. */
  readonly began: number;
  saved(saved: Saved): void;
  failed(error: unknown): void;
}

/**
 * The save of the event that follows the tail that is known, on its way. It
 * listens to the caller's signal itself, which needs no function for each.
 */
class NextSave implements QueuedSave, Abortable {
  readonly entry: Entry;
  readonly timeout: number;
  readonly deadline: number;
  readonly call: SingleSave;
  /** Whether the caller waits no more. */
  isGivenUp = false;
  readonly #ending: NextSaveEnding;

  /** @param left Milliseconds until the outcome counts as unknown. */
  constructor(
    call: SingleSave,
    entry: Entry,
    deadline: number,
    left: number,
    ending: NextSaveEnding,
  ) {
    this.call = call;
    this.entry = entry;
    this.timeout = Math.min(ATTEMPT_TIMEOUT_MS, left);
    this.deadline = deadline;
    this.#ending = ending;
    onAbort(call.signal, this);
  }

  /** Made when it is asked for, so that no array lives as long as the save. */
  get entries(): readonly Entry[] {
    return [this.entry];
  }

  stored(sequence: number, duplicate: boolean): void {
    offAbort(this.call.signal, this);
    this.#ending.stored(this, sequence, duplicate);
  }

  failed(error: unknown): void {
    offAbort(this.call.signal, this);
    this.#ending.failed(this, error);
  }

  aborted(): void {
    this.isGivenUp = true;
    this.#ending.givenUp(this);
  }
}

/** Hears how a {@linkcode NextSave} ended. */
interface NextSaveEnding {
  stored(save: NextSave, sequence: number, duplicate: boolean): void;
  failed(save: NextSave, error: unknown): void;
  /** The caller waits no more; what was sent ends nevertheless. */
  givenUp(save: NextSave): void;
}

/** Saves events of one store. */
export class EventWriter {
  readonly #mux: Multiplexer;
  readonly #history: ActorHistory;
  readonly #tails: ActorTails;
  readonly #queue: SaveQueue;
  readonly #locks = new ActorLocks();
  readonly #timeout: number;
  /** Names this writer among all that ever write to the stream. */
  readonly #name = crypto.randomUUID().replaceAll("-", "").slice(0, 12);
  #saves = 0;

  constructor(
    mux: Multiplexer,
    history: ActorHistory,
    tails: ActorTails,
    { timeout, grouping }: WriterOptions,
  ) {
    this.#mux = mux;
    this.#history = history;
    this.#tails = tails;
    this.#timeout = timeout;
    this.#queue = new SaveQueue(
      mux,
      tails.reader,
      this.#name,
      grouping,
    );
  }

  /**
   * What is sent for an event: it is validated and read once, now.
   *
   * @param trace Header lines, see {@linkcode Draft.trace}.
   * @throws {PayloadTooLargeError} If the server does not take that much.
   */
  draft(event: AnyEvent, action: string, trace: string): Draft {
    const { json, fields } = encodeEventTo(action, event);
    const { id, actorId, version } = fields;
    const payload = encodeUtf8(json);
    const msgId = encodeToken(id);
    const size = payload.length + msgId.length + trace.length +
      MAX_HEADER_BYTES;
    const { maxMessageSize } = this.#tails.reader.stream;
    const limit = Math.min(this.#mux.maxPayload, maxMessageSize);
    if (size > limit) {
      const setting = limit === maxMessageSize
        ? "the stream's max_msg_size"
        : "max_payload";
      throw new PayloadTooLargeError(
        `Cannot ${action}: version ${version} of actor ${
          show(actorId)
        } takes ${size} bytes with its headers, the server takes at most ${limit} (${setting})`,
        { size, limit },
      );
    }
    const subject = this.#tails.subjectOf(actorId);
    return new Draft(fields, subject, msgId, payload, trace);
  }

  /** Saves one event. It does not throw: the call hears what goes wrong. */
  saveOne(call: SingleSave): void {
    const { draft: { actorId }, signal } = call;
    if (this.#locks.tryAcquire(actorId)) {
      return this.#saveHeld(call, this.#timeout);
    }
    this.#locks.acquire([actorId], signal).then(() => {
      this.#saveHeld(call, call.began + this.#timeout - performance.now());
    }, (error) => call.failed(error));
  }

  /** Saves the drafts, all or none; what became of each, in their order. */
  async save(request: SaveRequest): Promise<Saved[]> {
    const { drafts, signal } = request;
    const actorIds = [...new Set(drafts.map(({ actorId }) => actorId))];
    const spent = performance.now() - (request.began ?? performance.now());
    const save = this.#begin(request, actorIds, this.#nextName(), spent);
    await this.#locks.acquire(actorIds, signal);
    try {
      return await save.run();
    } finally {
      for (const actorId of actorIds) this.#locks.release(actorId);
    }
  }

  /**
   * Saves one event of an actor that is held for it. Where it follows the tail
   * that is known there is nothing to plan; whatever else there is, or does not
   * go well, is left to a {@linkcode Save}.
   *
   * @param left Milliseconds until the outcome counts as unknown.
   */
  #saveHeld(call: SingleSave, left: number): void {
    const { draft: { actorId, version }, expectedVersion, began } = call;
    const tail = this.#tails.cache.get(actorId);
    const name = this.#nextName();
    const isNext = tail !== undefined && version > tail.version &&
      (expectedVersion === undefined || expectedVersion === tail.version);
    if (!isNext || left <= 0 || call.signal?.aborted) {
      return this.#goOn(call, name);
    }
    const entry = new Entry(call.draft, tail, name);
    const deadline = began + this.#timeout;
    this.#queue.submit(
      new NextSave(call, entry, deadline, left, this.#next),
    );
  }

  readonly #next: NextSaveEnding = {
    stored: (save, sequence, duplicate) => {
      const { call, entry: { draft, tail, trail, save: name } } = save;
      if (duplicate) {
        if (save.isGivenUp) return;
        return this.#goOn(call, name, { draft, duplicate: sequence });
      }
      const { actorId, version, id } = draft;
      if (sequence <= tail!.sequence) this.#tails.reader.watch.refresh();
      const stored = { version, sequence, eventId: id, trail };
      this.#tails.cache.advance(actorId, stored);
      if (save.isGivenUp) return;
      this.#locks.release(actorId);
      call.saved({ sequence, fresh: true });
    },
    failed: (save, error) => {
      if (save.isGivenUp) return;
      this.#goOn(save.call, save.entry.save, { error });
    },
    givenUp: (save) => {
      const { call } = save;
      const { reason } = call.signal!;
      const isBack = this.#queue.withdraw(save);
      this.#locks.release(call.draft.actorId);
      call.failed(isBack ? reason : outcomeUnknown([call.draft], reason));
    },
  };

  /**
   * Leaves a save to a {@linkcode Save}.
   *
   * @param failure How it went so far, if it was sent.
   */
  #goOn(call: SingleSave, name: string, failure?: FailedAttempt): void {
    const { actorId } = call.draft;
    const spent = performance.now() - call.began;
    this.#begin(requestFor(call), [actorId], name, spent)
      .run(failure)
      .finally(() => this.#locks.release(actorId))
      .then(([saved]) => call.saved(saved!), (error) => call.failed(error));
  }

  #begin(
    request: SaveRequest,
    actorIds: readonly string[],
    name: string,
    spent = 0,
  ): Save {
    return new Save(request, actorIds, name, {
      mux: this.#mux,
      history: this.#history,
      tails: this.#tails,
      queue: this.#queue,
      timeout: this.#timeout,
      spent,
    });
  }

  #nextName(): string {
    return this.#name + (this.#saves++).toString(36);
  }
}

const NO_EXPECTATIONS: ReadonlyMap<string, number> = new Map();

function requestFor(
  { draft, expectedVersion, signal }: SingleSave,
): SaveRequest {
  const expectedVersions = expectedVersion === undefined
    ? NO_EXPECTATIONS
    : new Map([[draft.actorId, expectedVersion]]);
  return { drafts: [draft], expectedVersions, signal };
}
