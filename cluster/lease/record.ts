/**
 * The stored record of a lease. Nodes of different versions read each other's
 * records, so that a field once written keeps its meaning.
 *
 * @module
 */

/** The format that is written. */
const FORMAT = 1;

const utf8 = new TextDecoder();

/** Who has a lease, or had it last. */
export interface LeaseRecord {
  /** The node's id. */
  readonly holder: string;
  /** Tells this life of the node from every other one. */
  readonly incarnation: string;
  /** Names the attempt that stored this record. */
  readonly nonce: string;
  /** How long others wait before they replace it, in milliseconds. */
  readonly duration: number;
  /** Rises with each holder. */
  readonly term: number;
  /** Whether the holder has given it up. */
  readonly released: boolean;
  /** Whose lease this one replaced. */
  readonly replaced?: ReplacedLease | undefined;
  /** What the holder tells of itself; JSON. */
  readonly data?: unknown;
}

/** A lease that another one has replaced. */
export interface ReplacedLease {
  /** The holder's incarnation. */
  readonly incarnation: string;
  /** The lease's duration in milliseconds. */
  readonly duration: number;
}

/** The record was written by a newer version, which this one can't judge. */
export class UnsupportedRecordError extends Error {
  /** Always `"UnsupportedRecordError"`. */
  override readonly name = "UnsupportedRecordError";
  /** The format found. */
  readonly format: number;

  /** Says which format was found, and what to do. */
  constructor(format: number) {
    super(
      `A lease has format ${format}, this version knows ${FORMAT}; use a newer version of the library on every node`,
    );
    this.format = format;
  }
}

/** What the record that replaces this one says of it. */
export function asReplaced(
  record: LeaseRecord | undefined,
): ReplacedLease | undefined {
  if (record === undefined) return undefined;
  const { incarnation, duration } = record;
  return { incarnation, duration };
}

/** The JSON of a record. */
export function encodeRecord(record: LeaseRecord): string {
  const { released, replaced, data, ...rest } = record;
  return JSON.stringify({
    format: FORMAT,
    ...rest,
    ...(released && { released }),
    ...(replaced !== undefined && { replaced }),
    ...(data !== undefined && { data }),
  });
}

/**
 * Reads a record; undefined if it is none: an empty value, such as the mark of
 * a deletion, or what somebody else has written there.
 *
 * @throws {UnsupportedRecordError} If it is of a newer format.
 */
export function decodeRecord(
  json: string | Uint8Array,
): LeaseRecord | undefined {
  let value: Record<string, unknown>;
  try {
    value = Object(
      JSON.parse(typeof json === "string" ? json : utf8.decode(json)),
    );
  } catch {
    return undefined;
  }
  const { format, holder, incarnation, nonce, duration, term } = value;
  if (!Number.isSafeInteger(format) || format as number < FORMAT) {
    return undefined;
  }
  if (format !== FORMAT) throw new UnsupportedRecordError(format as number);
  const { released = false, replaced, data } = value;
  if (
    typeof holder !== "string" || typeof incarnation !== "string" ||
    typeof nonce !== "string" || typeof released !== "boolean" ||
    !isPositive(duration) || !isPositive(term)
  ) return undefined;
  return {
    holder,
    incarnation,
    nonce,
    duration,
    term,
    released,
    ...(isReplaced(replaced) && {
      replaced: {
        incarnation: replaced.incarnation,
        duration: replaced.duration,
      },
    }),
    ...(data !== undefined && { data }),
  };
}

function isReplaced(value: unknown): value is ReplacedLease {
  const { incarnation, duration } = Object(value) as ReplacedLease;
  return typeof incarnation === "string" && isPositive(duration);
}

function isPositive(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number > 0;
}
