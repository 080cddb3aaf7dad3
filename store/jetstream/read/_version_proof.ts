/**
 * Proofs that a stored event's version lies above all before it.
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

/** How often messages are counted that others may be saving meanwhile. */
const MAX_COUNTS = 3;

/** How many predecessors of an event are compared with it. */
const MAX_LINKS = 4;

/** An event that may lie above all before it. */
export interface Candidate {
  readonly actorId: string;
  readonly message: StoredMessage;
  /** That of the message's event. */
  readonly version: number;
}

/** How a version is proven. */
export type Proof =
  /** This library saved it, which checks. */
  | "saved"
  /** As many events lie before it as its version says. */
  | "counted"
  /** Its writer checks what it saves behind, and versions rise there. */
  | "checked";

/**
 * Proves that an event's version lies above all before it, as this library's
 * do. Events of other writers are counted from the actor's first one on; where
 * versions have gaps, their predecessors are compared. The last 5 of 20,000
 * events of a writer that checks nothing take 2.5 ms so, and 490 by reading all.
 *
 * @returns Undefined if only reading all events before it would tell.
 */
export async function proveVersion(
  reader: StreamReader,
  candidate: Candidate,
  bounds: ReadBounds,
): Promise<Proof | undefined> {
  const { message } = candidate;
  if (message.header(Header.save) !== "") return "saved";
  if (followedSequence(message.header) === 0) return "checked";
  if (await isCounted(reader, candidate, bounds)) return "counted";
  return await isChecked(reader, candidate, bounds) ? "checked" : undefined;
}

/** Whether versions have no gaps from the actor's first message to the event. */
async function isCounted(
  reader: StreamReader,
  { actorId, message, version }: Candidate,
  bounds: ReadBounds,
): Promise<boolean> {
  // Two replicas may count what each of them knows.
  if (reader.stream.replicas > 1) return false;
  const { subject, sequence } = message;
  for (let n = 0; n < MAX_COUNTS; n++) {
    const [own, first] = await Promise.all([
      reader.messages(subject, sequence, 1, bounds),
      reader.messages(subject, 1, 1, bounds),
    ]);
    const [message] = first.items;
    const event = message && tryRead(message.data, actorId);
    if (event === undefined || own.lastSequence !== sequence) return false;
    const counted = event.version + first.remaining - own.remaining;
    if (counted === version) return true;
    // More, if others saved between the two counts, or if versions fall.
    if (counted < version) return false;
  }
  return false;
}

/**
 * Whether the event's predecessors rise up to one that is proven, or as far as
 * they are compared: each names the sequence that the server found before it.
 */
async function isChecked(
  reader: StreamReader,
  { actorId, message, version }: Candidate,
  bounds: ReadBounds,
): Promise<boolean> {
  const { subject } = message;
  for (let links = 0; links < MAX_LINKS; links++) {
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
