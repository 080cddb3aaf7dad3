/**
 * Saves, from the event to its place in the stream:
 *
 * 1. The store makes each event a `Draft`: checked, read once, encoded.
 * 2. `EventWriter` has the save take the locks of its actors, until its outcome
 *    is known, so that the saves of an actor follow each other. The deadline is
 *    that of the call, however long the save waits.
 * 3. A `SingleSave` whose event follows the known tail becomes an `Entry` at
 *    once. For all others, `Save` compares the drafts with what is stored: what
 *    is stored already is left out, the rest become entries. It does so again
 *    whenever an attempt fails.
 * 4. `SaveQueue` takes a `QueuedSave`, has it wait for room, and may send
 *    several as one `Batch`. It alone moves the cached tails forward. If one
 *    save of a batch conflicts, it sends the others again.
 * 5. `Publisher` sends a batch, as one message or as an atomic batch, and
 *    `Multiplexer` waits for its acknowledgement.
 *
 * A caller that gives up releases its locks at once. A save that has left the
 * queue by then may still be stored: its outcome is unknown.
 *
 * @module
 */

import { encodeUtf8 } from "../../../internal/nats/encoding.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { encodeToken } from "../../../internal/nats/names.ts";
import type { AnyEvent } from "../../../event/event.ts";
import { encodeEventTo } from "../../../event/event_codec.ts";
import type { SaveResult } from "../../event_store.ts";
import type { ActorHistory } from "../read/actor_history.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import { ActorLocks } from "./_actor_locks.ts";
import { Draft } from "./_entry.ts";
import { Save, type SaveContext } from "./_save.ts";
import type { Saved, SaveRequest } from "./_save_plan.ts";
import { SaveQueue } from "./_save_queue.ts";
import { SingleSave, type SingleSaveCall } from "./_single_save.ts";
import { sizeRefusal } from "./_size_limit.ts";

/** Options of an {@linkcode EventWriter}. */
export interface WriterOptions {
  /** Milliseconds until an outcome counts as unknown. */
  readonly timeout: number;
  /** Whether saves of several calls may share a batch. */
  readonly grouping: boolean;
}

/** Saves events of one store. */
export class EventWriter {
  readonly #context: SaveContext;
  /** Names this writer among all that ever write to the stream. */
  readonly #name = crypto.randomUUID().replaceAll("-", "").slice(0, 12);
  #saves = 0;

  constructor(
    mux: Multiplexer,
    history: ActorHistory,
    tails: ActorTails,
    { timeout, grouping }: WriterOptions,
  ) {
    const locks = new ActorLocks();
    const queue = new SaveQueue(mux, tails, this.#name, grouping);
    this.#context = { mux, history, tails, locks, queue, timeout };
  }

  /**
   * Checks and encodes an event, which is read once, now.
   *
   * @param trace Header lines, see {@linkcode Draft.trace}.
   * @throws {PayloadTooLargeError} If the server does not take that much.
   */
  draft(event: AnyEvent, action: string, trace: string): Draft {
    const { mux, tails } = this.#context;
    const { json, fields } = encodeEventTo(action, event);
    const { id, actorId } = fields;
    const payload = encodeUtf8(json);
    const subject = tails.subjectOf(actorId);
    const draft = new Draft(fields, subject, encodeToken(id), payload, trace);
    const refusal = sizeRefusal(action, draft, mux, tails.reader);
    if (refusal !== undefined) throw refusal;
    return draft;
  }

  /** Whether a draft is larger than the server takes by now. */
  isTooLarge(draft: Draft): boolean {
    const { mux, tails } = this.#context;
    return sizeRefusal("save", draft, mux, tails.reader) !== undefined;
  }

  /** Saves one event. */
  saveOne(call: SingleSaveCall): Promise<SaveResult> {
    return new SingleSave(call, this.#nextName(), this.#context).run();
  }

  /** Saves the drafts, all or none; what became of each, in their order. */
  async save(request: SaveRequest): Promise<Saved[]> {
    const { drafts, signal } = request;
    const { locks, timeout } = this.#context;
    const actorIds = [...new Set(drafts.map(({ actorId }) => actorId))];
    const began = request.began ?? performance.now();
    const deadline = began + timeout;
    const name = this.#nextName();
    await locks.acquire(actorIds, signal);
    try {
      return await new Save(request, actorIds, name, deadline, this.#context)
        .run();
    } finally {
      for (const actorId of actorIds) locks.release(actorId);
    }
  }

  #nextName(): string {
    return this.#name + (this.#saves++).toString(36);
  }
}
