/**
 * Trails: where an actor's earlier messages lie, as each message's header
 * tells. The server finds an actor's messages by scanning, which is slow where
 * they lie far apart; whoever knows their sequences fetches them at once.
 *
 * A trail is a hint. Readers check what they fetch by it and can do without.
 *
 * @module
 */

/** A message of an actor. */
export interface Waypoint {
  readonly version: number;
  /** Below 0 inside a batch that is not stored yet: minus its position from 1. */
  readonly sequence: number;
}

/**
 * The messages of an actor before one of its messages. Most of it is kept as
 * the text that is sent: it is carried on from save to save, seldom looked at,
 * and small.
 */
export interface Trail {
  /** How many messages the actor had with this one; 0 when not known. */
  readonly ordinal: number;
  /** How many of the nearest predecessors it names. */
  readonly count: number;
  /** The sequence of the nearest, as in a {@linkcode Waypoint}; 0 for none. */
  readonly nearest: number;
  /** The other near ones, see {@linkcode formatTrail}. */
  readonly others: string;
  /**
   * The latest predecessors whose ordinals divide by 31, 62, 124 and so on,
   * so that any version is found in a number of steps that is logarithmic, as
   * in a skip list (Pugh 1990).
   */
  readonly far: string;
}

/** How many of the nearest predecessors a trail has. */
export const MAX_NEAR = 16;

/** More intervals than this have no place below 2^53. */
const MAX_FAR = 48;

/**
 * The first interval of `far`; each further one is twice as long. One of them
 * is 992, which just fits a page of 1,000.
 */
export const INTERVAL = 31;

/** The trail of an actor's first message. */
export const FIRST_TRAIL: Trail = {
  ordinal: 1,
  count: 0,
  nearest: 0,
  others: "",
  far: "",
};

/**
 * The trail of the message that follows another.
 *
 * @param trail That of the other message, if it is known.
 */
export function followingTrail(
  waypoint: Waypoint,
  trail: Trail | undefined,
): Trail {
  const { sequence } = waypoint;
  if (sequence === 0) return FIRST_TRAIL;
  if (trail === undefined) {
    return { ordinal: 0, count: 1, nearest: sequence, others: "", far: "" };
  }
  const { ordinal, count, far } = trail;
  return {
    ordinal: ordinal && ordinal + 1,
    count: Math.min(count + 1, MAX_NEAR),
    nearest: sequence,
    others: othersFrom(sequence, trail),
    far: ordinal > 0 && ordinal % INTERVAL === 0
      ? formatFar(farWith(waypoint, trail))
      : far,
  };
}

/** A trail's near ones as those behind a sequence, one less if it is full. */
function othersFrom(
  sequence: number,
  { count, nearest, others }: Trail,
): string {
  if (count === 0) return "";
  const first = sequence > 0 && nearest > 0
    ? (sequence - nearest).toString(36)
    : spell(nearest);
  const kept = count < MAX_NEAR
    ? others
    : others.slice(0, others.lastIndexOf(","));
  // A sum of texts would hold its parts, and they those of earlier trails.
  return kept === "" ? first : [first, kept].join(",");
}

/** The places of `far` for the message behind the one a trail belongs to. */
function farWith(waypoint: Waypoint, trail: Trail): Waypoint[] {
  const far = farOf(trail);
  let step = INTERVAL;
  for (let i = 0; trail.ordinal % step === 0; i++, step *= 2) far[i] = waypoint;
  return far;
}

/**
 * A trail as a header value: ordinal, near and far predecessors, divided by
 * `;`, and numbers in base 36. The near ones are positions in the message's own
 * batch, marked by `~`, for its sequences are not known when it is sent, and
 * then sequences: the first in full, each further one as its distance from the
 * one before. The nearest comes first. The far ones are versions and sequences,
 * divided by `:`, or versions and positions, divided by `~`; equal neighbours
 * are left out.
 */
export function formatTrail(
  { ordinal, count, nearest, others, far }: Trail,
): string {
  const start = ordinal.toString(36);
  if (count === 0) return `${start};;${far}`;
  const comma = count === 1 ? "" : ",";
  return `${start};${spell(nearest)}${comma}${others};${far}`;
}

function spell(sequence: number): string {
  return sequence < 0 ? "~" + (-sequence).toString(36) : sequence.toString(36);
}

function formatFar(far: readonly Waypoint[]): string {
  return far.map(({ version, sequence }, i) => {
    if (i > 0 && far[i - 1]!.version === version) return "";
    const mark = sequence < 0 ? "" : ":";
    return version.toString(36) + mark + spell(sequence);
  }).join(",");
}

/** The sequences of a stored message's near predecessors, the nearest first. */
export function nearOf({ count, nearest, others }: Trail): number[] {
  if (count === 0) return [];
  let sequence = nearest;
  const further = split(others).map((gap) => sequence -= parseInt(gap, 36));
  return [nearest, ...further];
}

/** The far predecessors, as waypoints, that of the shortest interval first. */
export function farOf({ far }: Trail): Waypoint[] {
  return parseFar(far, (position) => -position);
}

function parseFar(
  text: string,
  sequenceAt: (position: number) => number,
): Waypoint[] {
  const far: Waypoint[] = [];
  for (const item of split(text)) {
    if (item === "") {
      far.push(far.at(-1)!);
      continue;
    }
    const [version, place] = item.split(/[:~]/).map((number) =>
      parseInt(number, 36)
    ) as [number, number];
    const sequence = item.includes("~") ? sequenceAt(place) : place;
    far.push({ version, sequence });
  }
  return far;
}

function split(items: string): string[] {
  return items === "" ? [] : items.split(",");
}

const NUMBER = "[0-9a-z]+";
const POSITION = `~(?!0)${NUMBER}`;
const NEAR_ITEM = `(?:${NUMBER}|${POSITION})`;
const FAR_ITEM = `${NUMBER}(?::${NUMBER}|${POSITION})`;
const GRAMMAR = new RegExp(
  `^${NUMBER};(?:${NEAR_ITEM}(?:,${NEAR_ITEM})*)?;` +
    `(?:${FAR_ITEM}(?:,(?:${FAR_ITEM})?)*)?$`,
);

/**
 * What formatTrail was given, with every sequence known by now.
 *
 * @param own The sequence of the message that has the trail.
 * @param position Its position in the batch it was sent in, from 1; 0 if it
 * was sent alone.
 * @returns Undefined if the text is no trail of such a message.
 */
export function parseTrail(
  text: string,
  own: number,
  position: number,
): Trail | undefined {
  if (!GRAMMAR.test(text)) return undefined;
  const [ordinalText, nearText, farText] = text.split(";") as [
    string,
    string,
    string,
  ];
  const sequenceAt = (place: number) => own - position + place;
  const near: number[] = [];
  let last = 0;
  for (const item of split(nearText)) {
    if (item.startsWith("~")) {
      near.push(sequenceAt(parseInt(item.slice(1), 36)));
    } else {
      const number = parseInt(item, 36);
      last = last === 0 ? number : last - number;
      near.push(last);
    }
  }
  const far = parseFar(farText, sequenceAt);
  const ordinal = parseInt(ordinalText, 36);
  if (!Number.isSafeInteger(ordinal)) return undefined;
  if (!isPlausible(near, far, own)) return undefined;
  const gaps = near.slice(1).map((sequence, i) =>
    (near[i]! - sequence).toString(36)
  );
  return {
    ordinal,
    count: near.length,
    nearest: near[0] ?? 0,
    others: gaps.join(","),
    far: formatFar(far),
  };
}

/** Whether all lie before the message, in falling order, and are not too many. */
function isPlausible(
  near: readonly number[],
  far: readonly Waypoint[],
  own: number,
): boolean {
  const falls = (sequences: readonly number[], strictly: boolean) =>
    sequences.every((sequence, i) => {
      const before = i === 0 ? own - 1 : sequences[i - 1]! - (strictly ? 1 : 0);
      return Number.isSafeInteger(sequence) && sequence > 0 &&
        sequence <= before;
    });
  const versionsFall = far.every(({ version }, i) =>
    Number.isSafeInteger(version) && version <= (far[i - 1] ?? far[0]!).version
  );
  return near.length <= MAX_NEAR && falls(near, true) &&
    far.length <= MAX_FAR && versionsFall &&
    falls(far.map(({ sequence }) => sequence), false);
}
