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
  /** Below 0 inside a batch: minus its position from 1, see formatTrail. */
  readonly sequence: number;
}

/** The messages of an actor before one of its messages. */
export interface Trail {
  /** How many messages the actor had with this one; 0 when not known. */
  readonly ordinal: number;
  /** The sequences of the nearest predecessors, the nearest first. */
  readonly near: readonly number[];
  /**
   * The latest predecessors whose ordinals divide by 31, 62, 124 and so on,
   * so that any version is found in a number of steps that is logarithmic, as
   * in a skip list (Pugh 1990).
   */
  readonly far: readonly Waypoint[];
  /**
   * Their text, carried on from trail to trail, for it hardly changes;
   * undefined where one of them is a position in a batch.
   */
  readonly text: TrailText | undefined;
}

/** The parts of a trail's text that later trails take over. */
interface TrailText {
  /** The distances between neighbours in `near`. */
  readonly gaps: string;
  readonly far: string;
}

/** How many of the nearest predecessors a trail has. */
export const NEAR = 16;

/** More intervals than this have no place below 2^53. */
const MOST_FAR = 48;

/**
 * The first interval of `far`; each further one is twice as long. One of them
 * is 992, which just fits a page of 1,000.
 */
export const INTERVAL = 31;

const NO_TEXT: TrailText = { gaps: "", far: "" };

/** The trail of an actor's first message. */
export const FIRST_TRAIL: Trail = {
  ordinal: 1,
  near: [],
  far: [],
  text: NO_TEXT,
};

/**
 * The trail of the message that follows another.
 *
 * @param trail That of the other message, if it is known.
 */
export function followingTrail(
  { version, sequence }: Waypoint,
  trail: Trail | undefined,
): Trail {
  if (sequence === 0) return FIRST_TRAIL;
  const isStored = sequence > 0;
  if (trail === undefined) {
    const text = isStored ? NO_TEXT : undefined;
    return { ordinal: 0, near: [sequence], far: [], text };
  }
  const near = new Array<number>(Math.min(trail.near.length + 1, NEAR));
  near[0] = sequence;
  for (let i = 1; i < near.length; i++) near[i] = trail.near[i - 1]!;
  const { ordinal } = trail;
  let { far } = trail;
  let farText = trail.text?.far;
  if (ordinal > 0 && ordinal % INTERVAL === 0) {
    const further = [...far];
    for (let i = 0, step = INTERVAL; ordinal % step === 0; i++, step *= 2) {
      further[i] = { version, sequence };
    }
    far = further;
    farText = isStored && farText !== undefined ? formatFar(far, 0) : undefined;
  }
  const gaps = isStored ? gapsFrom(sequence, trail) : undefined;
  const text = gaps === undefined || farText === undefined
    ? undefined
    : { gaps, far: farText };
  return { ordinal: ordinal && ordinal + 1, near, far, text };
}

/** The gaps from a sequence on to a trail's `near`, one less if it is full. */
function gapsFrom(sequence: number, { near, text }: Trail): string | undefined {
  if (text === undefined || near.length === 0) return text?.gaps;
  const gap = (sequence - near[0]!).toString(36);
  if (near.length === 1) return gap;
  const { gaps } = text;
  const kept = near.length < NEAR ? gaps : gaps.slice(0, gaps.lastIndexOf(","));
  // A sum of texts would hold its parts, and they those of earlier trails.
  return [gap, kept].join(",");
}

/**
 * A trail as a header value: ordinal, `near` and `far`, divided by `;`, and
 * numbers in base 36. Sequences are differences, each from the one before;
 * `~` marks the distance back to a message of the same batch, whose sequence
 * is not known when it is sent. Equal neighbours in `far` are left out.
 *
 * @param position The message's own position in its batch, from 1.
 */
export function formatTrail(
  { ordinal, near, far, text }: Trail,
  position: number,
): string {
  const start = ordinal.toString(36);
  if (text === undefined) {
    return `${start};${formatNear(near, position)};${formatFar(far, position)}`;
  }
  if (near.length === 0) return `${start};;${text.far}`;
  const comma = near.length === 1 ? "" : ",";
  return `${start};${near[0]!.toString(36)}${comma}${text.gaps};${text.far}`;
}

function formatNear(near: readonly number[], position: number): string {
  let text = "";
  let last = 0;
  for (let i = 0; i < near.length; i++) {
    const sequence = near[i]!;
    if (i > 0) text += ",";
    if (sequence < 0) text += "~" + (position + sequence).toString(36);
    else {
      text += (last === 0 ? sequence : last - sequence).toString(36);
      last = sequence;
    }
  }
  return text;
}

function formatFar(far: readonly Waypoint[], position: number): string {
  return far.map(({ version, sequence }, i) => {
    if (i > 0 && far[i - 1]!.version === version) return "";
    const place = sequence < 0
      ? "~" + (position + sequence).toString(36)
      : ":" + sequence.toString(36);
    return version.toString(36) + place;
  }).join(",");
}

const GRAMMAR =
  /^[0-9a-z]+;(?:~?[0-9a-z]+(?:,~?[0-9a-z]+)*)?;(?:[0-9a-z]+[:~][0-9a-z]+(?:,(?:[0-9a-z]+[:~][0-9a-z]+)?)*)?$/;

/**
 * What formatTrail was given, with every sequence known by now.
 *
 * @param own The sequence of the message that has the trail.
 * @returns Undefined if the text is no trail of such a message.
 */
export function parseTrail(text: string, own: number): Trail | undefined {
  if (!GRAMMAR.test(text)) return undefined;
  const [ordinalText, nearText, farText] = text.split(";") as [
    string,
    string,
    string,
  ];
  const near: number[] = [];
  let last = 0;
  for (const item of nearText === "" ? [] : nearText.split(",")) {
    if (item.startsWith("~")) near.push(own - parseInt(item.slice(1), 36));
    else {
      const number = parseInt(item, 36);
      last = last === 0 ? number : last - number;
      near.push(last);
    }
  }
  const far: Waypoint[] = [];
  for (const item of farText === "" ? [] : farText.split(",")) {
    if (item === "") {
      far.push(far.at(-1)!);
      continue;
    }
    const [version, sequence] = item.split(/[:~]/).map((number) =>
      parseInt(number, 36)
    ) as [number, number];
    far.push({
      version,
      sequence: item.includes("~") ? own - sequence : sequence,
    });
  }
  const ordinal = parseInt(ordinalText, 36);
  if (!Number.isSafeInteger(ordinal)) return undefined;
  if (!isPlausible(near, far, own)) return undefined;
  const gaps = formatNear(near, 0).split(",").slice(1).join(",");
  return { ordinal, near, far, text: { gaps, far: formatFar(far, 0) } };
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
  return near.length <= NEAR && falls(near, true) &&
    far.length <= MOST_FAR && versionsFall &&
    falls(far.map(({ sequence }) => sequence), false);
}
