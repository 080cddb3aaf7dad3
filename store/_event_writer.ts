/**
 * Saves: what an event becomes on the way to the stream, and the short way
 * for the most frequent case.
 *
 * @module
 */

import { encodeUtf8 } from "../nats/encoding.ts";
import type { Multiplexer } from "../nats/multiplexer.ts";
import { encodeToken } from "../nats/names.ts";
import { show } from "../nats/show.ts";
import type { ActorHistory } from "./_actor_history.ts";
import type { ActorTails } from "./_actor_tails.ts";
import { ActorLocks } from "./_actor_locks.ts";
import { Committer, type Unit } from "./_committer.ts";
import { encodeEventTo } from "./_event_codec.ts";
import {
  type Draft,
  type Entry,
  entryFor,
  MAX_HEADER_BYTES,
} from "./_publisher.ts";
import { ATTEMPT_TIMEOUT, Save } from "./_save.ts";
import type { Saved, SaveRequest } from "./_save_plan.ts";
import type { Tail } from "./_tail_cache.ts";
import { PayloadTooLargeError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";

/** How a writer works. */
export interface WriterOptions {
  /** Milliseconds until an outcome counts as unknown. */
  readonly timeout: number;
  /** Whether saves may ride together. */
  readonly grouping: boolean;
}

/** Hears how a save ended; exactly one of the two is called, once. */
export interface SaveHandlers {
  saved(saved: Saved): void;
  failed(error: unknown): void;
}

/** The save of the event that follows the tail that is known. */
interface NextCall {
  readonly entry: Entry;
  readonly tail: Tail;
  readonly expectedVersion: number | undefined;
  /** When the call came, in monotonic milliseconds. */
  readonly began: number;
  readonly timeout: number;
  readonly handlers: SaveHandlers;
}

/** Such a save on its way: one object, where closures would be several. */
class NextSave implements Unit {
  readonly entries: readonly Entry[];
  readonly timeout: number;
  readonly deadline: number;
  readonly call: NextCall;
  readonly #ending: NextSaveEnding;

  constructor(call: NextCall, ending: NextSaveEnding) {
    this.entries = [call.entry];
    this.timeout = Math.min(ATTEMPT_TIMEOUT, call.timeout);
    this.deadline = call.began + call.timeout;
    this.call = call;
    this.#ending = ending;
  }

  stored(sequence: number, duplicate: boolean): void {
    this.#ending.stored(this.call, sequence, duplicate);
  }

  failed(error: unknown): void {
    this.#ending.failed(this.call, error);
  }
}

/** Hears how a {@linkcode NextSave} ended. */
interface NextSaveEnding {
  stored(call: NextCall, sequence: number, duplicate: boolean): void;
  failed(call: NextCall, error: unknown): void;
}

/** Saves events of one store. */
export class EventWriter {
  readonly #mux: Multiplexer;
  readonly #history: ActorHistory;
  readonly #tails: ActorTails;
  readonly #committer: Committer;
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
    this.#committer = new Committer(
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
    const payload = encodeUtf8(encodeEventTo(action, event));
    const { id, actorId, version } = event;
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
    return { event: { id, actorId, version }, subject, msgId, payload, trace };
  }

  /**
   * Saves one draft.
   *
   * @param began When the call came, in monotonic milliseconds.
   */
  saveOne(
    draft: Draft,
    expectedVersion: number | undefined,
    signal: AbortSignal | undefined,
    began: number,
    handlers: SaveHandlers,
  ): void {
    const { actorId, version } = draft.event;
    const tail = this.#tails.cache.get(actorId);
    const mayBeNext = tail !== undefined && version > tail.version &&
      (expectedVersion === undefined || expectedVersion === tail.version);
    if (mayBeNext && signal === undefined && this.#locks.tryAcquire(actorId)) {
      return this.#saveNext(draft, tail, expectedVersion, began, handlers);
    }
    this.save(requestFor(draft, expectedVersion, signal))
      .then(([saved]) => handlers.saved(saved!), handlers.failed);
  }

  /** Saves the drafts, all or none; what became of each, in their order. */
  async save(request: SaveRequest): Promise<Saved[]> {
    const { drafts, signal } = request;
    const actorIds = [...new Set(drafts.map(({ event }) => event.actorId))];
    const save = this.#begin(request, actorIds, this.#nextName());
    await this.#locks.acquire(actorIds, signal);
    try {
      return await save.run();
    } finally {
      for (const actorId of actorIds) this.#locks.release(actorId);
    }
  }

  /**
   * Saves the event that follows the tail that is known: no plan, no wait, no
   * signal. Whatever does not go well is left to a {@linkcode Save}.
   */
  #saveNext(
    draft: Draft,
    tail: Tail,
    expectedVersion: number | undefined,
    began: number,
    handlers: SaveHandlers,
  ): void {
    const entry = entryFor(draft, tail, this.#nextName());
    const timeout = this.#timeout;
    const call = { entry, tail, expectedVersion, began, timeout, handlers };
    this.#committer.submit(new NextSave(call, this.#next));
  }

  readonly #next: NextSaveEnding = {
    stored: (call, sequence, duplicate) => {
      if (duplicate) return this.#goOn(call, { duplicate: sequence });
      const { entry, tail, handlers } = call;
      const { actorId, version, id } = entry.draft.event;
      if (sequence <= tail.sequence) this.#tails.reader.suspect();
      const { trail } = entry;
      const stored = { version, sequence, eventId: id, trail };
      this.#tails.cache.advance(actorId, stored);
      this.#locks.release(actorId);
      handlers.saved({ sequence, fresh: true });
    },
    failed: (call, error) => this.#goOn(call, { error }),
  };

  /** Leaves a save that did not go well to a {@linkcode Save}. */
  #goOn(
    { entry: { draft, save: name }, expectedVersion, began, handlers }:
      NextCall,
    failure: { error: unknown } | { duplicate: number },
  ): void {
    const { actorId } = draft.event;
    const request = requestFor(draft, expectedVersion, undefined);
    this.#begin(request, [actorId], name, performance.now() - began)
      .run({ draft, ...failure })
      .finally(() => this.#locks.release(actorId))
      .then(([saved]) => handlers.saved(saved!), handlers.failed);
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
      committer: this.#committer,
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
  draft: Draft,
  expectedVersion: number | undefined,
  signal: AbortSignal | undefined,
): SaveRequest {
  const expectedVersions = expectedVersion === undefined
    ? NO_EXPECTATIONS
    : new Map([[draft.event.actorId, expectedVersion]]);
  return { drafts: [draft], expectedVersions, signal };
}
