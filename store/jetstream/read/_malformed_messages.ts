/**
 * Reports of malformed messages among an actor's events.
 *
 * @module
 */

import type { ReplayErrorHandler } from "../../event_store.ts";
import type { ReplayError } from "../../errors.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { readPayload } from "../stream/stored_event.ts";
import { replayError } from "../stream/stored_message.ts";
import { PAGE_SIZE } from "../stream/stream_reader.ts";
import type { ActorTails } from "./actor_tails.ts";

/** Messages of an actor that were read as events. Sequences are inclusive. */
export interface PassedMessages {
  readonly from: number;
  readonly to: number;
  /** The version of the event before them. */
  readonly above: number;
  /** The lowest version that is wanted. */
  readonly fromVersion: number;
  /** The highest version that is wanted. */
  readonly toVersion: number;
  /** How many events are wanted at most. */
  readonly limit: number;
}

/**
 * Tells a read's handler of each message that is no event and lies among the
 * wanted events: behind the last event before them, and before the one that
 * completes them. Pages come without sequences: the messages are read again.
 *
 * @throws {ReplayError} If the handler does not say `"continue"`.
 */
export async function reportMalformed(
  tails: ActorTails,
  actorId: string,
  { from, to, above, fromVersion, toVersion, limit }: PassedMessages,
  onReplayError: ReplayErrorHandler,
  bounds: ReadBounds,
): Promise<void> {
  const subject = tails.subjectOf(actorId);
  let found: ReplayError[] = [];
  const report = () => {
    for (const error of found) {
      if (onReplayError(error) !== "continue") throw error;
    }
    found = [];
  };
  let [next, version, left] = [from, above, limit];
  for (let waits = 0; next <= to;) {
    const { items, lastSequence } = await tails.reader
      .messages(subject, next, PAGE_SIZE, bounds);
    for (const { sequence, data } of items) {
      if (sequence > to) break;
      try {
        const event = readPayload(data, actorId);
        checkRise(event.version, version);
        version = event.version;
      } catch (cause) {
        const advice = '; to skip it, return "continue" from onReplayError';
        found.push(replayError(actorId, sequence, data, cause, advice));
        continue;
      }
      if (version < fromVersion) {
        found = [];
        continue;
      }
      report();
      left--;
      if (version >= toVersion || left <= 0) return;
    }
    if (lastSequence > 0) next = lastSequence + 1;
    else if (await tails.expiredElseWait(actorId, to, waits++, bounds)) break;
  }
  report();
}

/** @throws {RangeError} If an event's version is not above the one before. */
export function checkRise(version: number, before: number): void {
  if (version > before) return;
  throw new RangeError(`version ${version} is not greater than ${before}`);
}
