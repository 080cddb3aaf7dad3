/**
 * The map as it is stored: a line of JSON that people can read, with
 * everything but the shards, and then the shards in a few bytes each.
 *
 *     {"format":1,"term":…,"version":…,"shards":…,"epochs":…,"members":[…]}
 *
 * For each shard follow, as {@linkcode VarintWriter} has them:
 *
 * - its state and owner: 0 for free, 1 for free with a next owner; for the
 *   member of index i, 2 + 3i for owned, 3 + 3i for revoking without a next
 *   owner, 4 + 3i with one;
 * - the index of the next owner, if there is one;
 * - its epoch, as an index into the distinct epochs before it. An index that
 *   is the number of these is a new one: the epoch less `epochs`, the lowest
 *   of the map, follows.
 *
 * Most maps have few distinct epochs, and 65,536 shards over 1,000 members
 * take 200 kB and their members' names.
 *
 * @module
 */

import {
  type ClusterMap,
  createClusterMap,
  FREE,
  MAX_SHARDS,
  NOBODY,
  OWNED,
  REVOKING,
} from "./cluster_map.ts";
import { readMember, writeMember } from "./member_codec.ts";
import { VarintReader, VarintWriter } from "./_varints.ts";
import { MalformedMapError, MapTooLargeError } from "./errors.ts";

const FORMAT = 1;
const NEWLINE = 0x0a;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The bytes of a map. Equal maps have equal bytes.
 *
 * @param maxBytes The most that the server takes in a message, inclusive.
 * @throws {MapTooLargeError} If there are more.
 */
export function encodeMap(
  map: ClusterMap,
  maxBytes: number,
): Uint8Array<ArrayBuffer> {
  const { term, version, members, states, owners, nexts, epochs } = map;
  const shards = states.length;
  const lowest = shards === 0 ? 0 : epochs.reduce((a, b) => Math.min(a, b));
  const header = {
    format: FORMAT,
    term,
    version,
    shards,
    epochs: lowest,
    members: members.map(writeMember),
  };
  const writer = new VarintWriter(utf8.encode(`${JSON.stringify(header)}\n`));
  const known = new Map<number, number>();
  for (let shard = 0; shard < shards; shard++) {
    const next = nexts[shard]!;
    const hasNext = next === NOBODY ? 0 : 1;
    const owner = 3 * owners[shard]!;
    if (states[shard] === FREE) writer.write(hasNext);
    else if (states[shard] === OWNED) writer.write(2 + owner);
    else writer.write(3 + owner + hasNext);
    if (hasNext === 1) writer.write(next);
    const epoch = epochs[shard]!;
    const index = known.get(epoch);
    writer.write(index ?? known.size);
    if (index !== undefined) continue;
    known.set(epoch, known.size);
    writer.write(epoch - lowest);
  }
  const bytes = writer.bytes;
  if (bytes.length <= maxBytes) return bytes;
  throw new MapTooLargeError({
    bytes: bytes.length,
    maxBytes,
    shards,
    members: members.length,
  });
}

/**
 * The map of bytes. It is checked whole: whatever comes in, an invalid map
 * never comes out.
 *
 * @throws {MalformedMapError} If {@linkcode encodeMap} never gave them.
 */
export function decodeMap(bytes: Uint8Array): ClusterMap {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) throw new MalformedMapError("it has no header");
  const header = readHeader(bytes.subarray(0, end));
  const { term, version, shards, epochs: lowest, members } = header;
  const map: ClusterMap = {
    ...createClusterMap(shards),
    term,
    version,
    members,
  };
  const reader = new VarintReader(bytes, end + 1);
  const known: number[] = [];
  for (let shard = 0; shard < shards; shard++) {
    readPlace(map, shard, reader);
    const index = reader.read();
    if (index === known.length) known.push(lowest + reader.read());
    const epoch = known[index];
    if (epoch === undefined || !Number.isSafeInteger(epoch)) {
      throw new MalformedMapError(`shard ${shard} has no epoch`);
    }
    map.epochs[shard] = epoch;
  }
  if (reader.ended) return map;
  throw new MalformedMapError(`something follows its ${shards} shards`);
}

/** Reads the state, owner and next owner of a shard into a map. */
function readPlace(map: ClusterMap, shard: number, reader: VarintReader): void {
  const { members, states, owners, nexts } = map;
  const head = reader.read();
  const isFree = head < 2;
  const owner = isFree ? NOBODY : Math.floor((head - 2) / 3);
  const kind = isFree ? FREE : (head - 2) % 3 === 0 ? OWNED : REVOKING;
  const hasNext = isFree ? head === 1 : (head - 2) % 3 === 2;
  const next = hasNext ? reader.read() : NOBODY;
  // NaN is no member either.
  if (!(owner < members.length && next < members.length)) {
    throw new MalformedMapError(`shard ${shard} names a member out of bounds`);
  }
  states[shard] = kind;
  owners[shard] = owner;
  nexts[shard] = next;
}

function readHeader(bytes: Uint8Array) {
  let header: Record<string, unknown>;
  try {
    header = Object(JSON.parse(strictUtf8.decode(bytes)));
  } catch {
    throw new MalformedMapError("its header is no JSON");
  }
  const { format } = header;
  if (format !== FORMAT && Number.isSafeInteger(format)) {
    throw new MalformedMapError(
      `it has format ${format}, this version knows format ${FORMAT}`,
      "unknown-format",
    );
  }
  const whole = (name: string, max = Number.MAX_SAFE_INTEGER): number => {
    const value = header[name];
    if (Number.isSafeInteger(value)) {
      const number = value as number;
      if (number >= 0 && number <= max) return number;
    }
    throw new MalformedMapError(`its ${name} are no whole number in bounds`);
  };
  whole("format");
  const { members } = header;
  if (!Array.isArray(members)) {
    throw new MalformedMapError("its members are no array");
  }
  const read = members.map(readMember);
  if (new Set(read.map(({ id }) => id)).size !== read.length) {
    throw new MalformedMapError("two of its members have the same id");
  }
  return {
    term: whole("term"),
    version: whole("version"),
    shards: whole("shards", MAX_SHARDS),
    epochs: whole("epochs"),
    members: read,
  };
}
