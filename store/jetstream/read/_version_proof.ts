/**
 * Whether a stored event's version lies above all before it.
 *
 * @module
 */

import type { ReadBounds } from "../stream/read_retries.ts";
import { tryRead } from "../stream/stored_event.ts";
import {
  followedSequence,
  Header,
  type StoredMessage,
} from "../stream/stored_message.ts";
import type { StreamReader } from "../stream/stream_reader.ts";

/**
 * How many predecessors are looked at, of events that this library has not
 * saved: each is told by the sequence that it was saved with.
 */
const LINKS = 4;

/**
 * Whether an event's version surely lies above all before it: this library
 * has saved it, which looks before, or its predecessors rise up to one that is
 * vouched for, or as far as it is looked.
 *
 * @param version That of the message's event.
 */
export async function isVouchedFor(
  reader: StreamReader,
  actorId: string,
  message: StoredMessage,
  version: number,
  bounds: ReadBounds,
): Promise<boolean> {
  const { subject } = message;
  for (let links = 0; links < LINKS; links++) {
    if (message.header(Header.save) !== "") return true;
    const followed = followedSequence(message.header);
    if (followed === undefined) return false;
    if (followed === 0) return true;
    const before = await reader.fromLeader({ seq: followed }, bounds);
    if (before?.subject !== subject) return false;
    const previous = tryRead(before.data, actorId);
    if (previous === undefined || previous.version >= version) return false;
    [message, version] = [before, previous.version];
  }
  return true;
}
