/**
 * Events on their way to the stream, and the tails that they make there.
 *
 * @module
 */

import type { EncodedEvent } from "../../../event/event_codec.ts";
import type { Tail, TailCache } from "../read/tail_cache.ts";
import { followingTrail, type Trail } from "../stream/trail.ts";

/**
 * An encoded event. The caller may change the event itself after the call.
 *
 * It is a class, as is most of what each save allocates: V8 soon allocates
 * literals that survive a collection in the old generation, where each keeps
 * alive what it refers to until the next full collection.
 */
export class Draft {
  readonly id: string;
  readonly actorId: string;
  readonly version: number;
  readonly timestamp: string;
  readonly subject: string;
  /** The event's id, as a header value. */
  readonly msgId: string;
  readonly payload: Uint8Array;
  /** Header lines of the trace that it was saved in; empty without one. */
  readonly trace: string;

  constructor(
    { id, actorId, version, timestamp }: EncodedEvent["fields"],
    subject: string,
    msgId: string,
    payload: Uint8Array,
    trace: string,
  ) {
    this.id = id;
    this.actorId = actorId;
    this.version = version;
    this.timestamp = timestamp;
    this.subject = subject;
    this.msgId = msgId;
    this.payload = payload;
    this.trace = trace;
  }
}

/** A draft, and the tail its actor must have when it is stored. */
export class Entry {
  readonly draft: Draft;
  /** Undefined behind another entry of its actor. */
  readonly tail: Tail | undefined;
  /** Its own trail; undefined behind another entry of its actor. */
  readonly trail: Trail | undefined;
  /** Names the call, see {@linkcode Header.save}. */
  readonly save: string;

  constructor(draft: Draft, tail: Tail | undefined, save: string) {
    this.draft = draft;
    this.tail = tail;
    this.trail = tail && followingTrail(tail, tail.trail);
    this.save = save;
  }
}

/**
 * Moves the cached tails of the entries' actors forward, once they are stored.
 *
 * @param sequence That of the last entry; they lie in the stream without gaps.
 */
export function advanceTails(
  cache: TailCache,
  entries: readonly Entry[],
  sequence: number,
): void {
  const { length } = entries;
  if (length === 1) { // needs no map, as most do
    const { draft: { actorId, version, id }, trail } = entries[0]!;
    cache.advance(actorId, { version, sequence, eventId: id, trail });
    return;
  }
  const tails = new Map<string, Tail>();
  entries.forEach(({ draft: { actorId, version, id }, trail }, i) => {
    const before = tails.get(actorId);
    tails.set(actorId, {
      version,
      sequence: sequence - length + 1 + i,
      eventId: id,
      trail: trail ?? followingTrail(before!, before!.trail),
    });
  });
  for (const [actorId, tail] of tails) cache.advance(actorId, tail);
}
