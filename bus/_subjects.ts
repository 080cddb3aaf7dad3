/**
 * Where on NATS the events of a namespace are published:
 *
 *     <prefix>.bus.<class>.<event type>.<namespace tokens>.<actor tokens>
 *
 * The class says how many tokens the namespace has, so that the boundary
 * between it and the actor id is known: `1` to `6`; `m` for more, which are
 * then one token together; `i` for names of the form `__x__`, one token too,
 * which therefore no pattern reaches by accident.
 *
 * @module
 */

import {
  decodeActorId,
  decodeToken,
  encodeToken,
} from "../internal/nats/names.ts";
import { coverPatterns } from "../internal/nats/patterns.ts";
import type { Filter } from "./_arguments.ts";
import { matches, type Spelling, spellNamespace } from "./_namespaces.ts";

/** The most tokens of a namespace that stand apart in subjects. */
const MAX_DEPTH = 6;

/** The most NATS subscriptions for one subscription of the bus. */
const MAX_SUBJECTS = 512;

/** The parts of a namespace's subjects beside event type and actor. */
export interface Address {
  /** The part before the event type, with the dot. */
  readonly before: string;
  /** The part between the event type and the actor, with both dots. */
  readonly between: string;
}

/** The namespace and type that a subject spells. */
export interface Head {
  readonly namespace: string;
  readonly eventType: string;
}

/** A subscription as NATS subscriptions. */
export interface Interest {
  /** No message is on two of them. */
  readonly subjects: readonly string[];
  /**
   * Whether an event is wanted, by its head and the tokens of its actor: the
   * subjects may match more. Undefined if they match nothing else.
   */
  readonly passes: ((head: Head, actorTokens: string) => boolean) | undefined;
}

/** The address of a namespace's events. */
export function addressOf(
  root: string,
  namespace: string,
  action: string,
): Address {
  const spelling = spellNamespace(namespace, action);
  const [kind, tokens] = place(spelling, namespace);
  return { before: `${root}.${kind}.`, between: `.${tokens.join(".")}.` };
}

/** The subjects that carry the events of a filter. */
export function interestOf(
  root: string,
  { namespaces, eventTypes, actors }: Filter,
): Interest {
  const places = placesOf(namespaces);
  let actorPatterns = actors?.patterns ?? [">"];
  let types = eventTypes === undefined
    ? ["*"]
    : Array.from(eventTypes, encodeToken);
  const isTooMany = () =>
    places.length * types.length * actorPatterns.length > MAX_SUBJECTS;
  if (isTooMany()) actorPatterns = [coverPatterns(actorPatterns)];
  const filtersTypes = isTooMany();
  if (filtersTypes) types = ["*"];
  const subjects: string[] = [];
  for (const [kind, tokens] of places) {
    for (const type of types) {
      for (const pattern of actorPatterns) {
        subjects.push([root, kind, type, ...tokens, pattern].join("."));
      }
    }
  }
  // The server can't look into names of many tokens.
  const { literal, text } = namespaces;
  const deep = !literal && text !== ">" &&
    places.some(([kind]) => kind === "m");
  if (!deep && !filtersTypes && actors === undefined) {
    return { subjects, passes: undefined };
  }
  return {
    subjects,
    passes: ({ namespace, eventType }, actorTokens) =>
      (!filtersTypes || eventTypes!.has(eventType)) &&
      (actors === undefined || actors.hasTokens(actorTokens)) &&
      (!deep || matches(namespaces, spellNamespace(namespace, "receive"))),
  };
}

/**
 * Reads the namespace and type off a subject, and where its actor tokens
 * begin; undefined if no event is ever published there.
 */
export function headOf(
  root: string,
  subject: string,
):
  | { readonly actorAt: number; readonly read: () => Head | undefined }
  | undefined {
  const start = root.length + 1;
  const kind = subject.charCodeAt(start);
  const depth = kind >= 0x31 && kind <= 0x30 + MAX_DEPTH ? kind - 0x30 : 1;
  // Behind the class, the type and the namespace.
  let end = start - 1;
  for (let i = 0; i < depth + 2; i++) {
    end = subject.indexOf(".", end + 1);
    if (end === -1) return undefined;
  }
  const read = () => parse(root, subject.slice(start, end));
  return { actorAt: end + 1, read };
}

function parse(root: string, head: string): Head | undefined {
  const [kind, type, ...tokens] = head.split(".");
  try {
    const namespace = kind === "m" || kind === "i"
      ? decodeToken(tokens.join("."))
      : decodeActorId(tokens.join("."));
    const eventType = decodeToken(type!);
    const { before, between } = addressOf(root, namespace, "receive");
    // Refuses every spelling but the one that is published to.
    return before + type + between === `${root}.${head}.`
      ? { namespace, eventType }
      : undefined;
  } catch {
    return undefined;
  }
}

type Place = [kind: string, tokens: readonly string[]];

function place({ internal, tokens }: Spelling, namespace: string): Place {
  if (internal) return ["i", tokens];
  return tokens.length > MAX_DEPTH
    ? ["m", [encodeToken(namespace)]]
    : [String(tokens.length), tokens];
}

function placesOf(pattern: Filter["namespaces"]): Place[] {
  if (pattern.literal) return [place(pattern, pattern.text)];
  const { tokens } = pattern;
  const open = tokens.at(-1) === ">";
  if (!open && tokens.length > MAX_DEPTH) return [["m", ["*"]]];
  if (!open) return [[String(tokens.length), tokens]];
  const places: Place[] = [];
  const start = tokens.slice(0, -1);
  for (let depth = tokens.length; depth <= MAX_DEPTH; depth++) {
    const rest = new Array<string>(depth - start.length).fill("*");
    places.push([String(depth), [...start, ...rest]]);
  }
  places.push(["m", ["*"]]);
  return places;
}
