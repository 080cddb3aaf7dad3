/**
 * What clients of event stores did, as plain JSON: a history that can be
 * written to files by several processes and checked afterwards.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { Consistency } from "../../../store/event_store.ts";

/** An event that somebody wants to be stored. */
export interface EventRef {
  readonly id: string;
  readonly actor: string;
  readonly version: number;
  /** See {@linkcode fingerprint}. */
  readonly print: number;
}

/** An actor and a version. */
export type ActorVersion = readonly [actor: string, version: number];

/** A call of `saveEvent` or `saveEvents`. */
export interface SaveCall {
  readonly name: "saveEvent" | "saveEvents";
  readonly events: readonly EventRef[];
  readonly expected: readonly ActorVersion[];
}

/** A read of an actor's events, by `getEvents` or `readEvents`. */
export interface ReadCall {
  readonly name: "read";
  readonly actor: string;
  readonly consistency: Consistency;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit?: number | undefined;
  readonly backward?: boolean | undefined;
}

/** A call of `getLatestVersion`. */
export interface LatestCall {
  readonly name: "getLatestVersion";
  readonly actor: string;
  readonly consistency: Consistency;
}

/** A subscription. */
export interface SubscribeCall {
  readonly name: "subscribe";
  /** The sequence it begins after. */
  readonly after: number | "end";
  /** A pattern over actors; by default all. */
  readonly actors?: string | undefined;
  /** Event types; by default all. */
  readonly types?: readonly string[] | undefined;
  readonly live: boolean;
}

/** What was called. */
export type Call = SaveCall | ReadCall | LatestCall | SubscribeCall;

/** How a save ended. */
export type SaveOutcome =
  | {
    readonly is: "success";
    readonly versions: readonly ActorVersion[];
    readonly sequence: number;
    readonly duplicate: boolean;
  }
  | {
    readonly is: "conflict";
    readonly actor: string;
    readonly attempted: number;
    readonly current: number;
  }
  | { readonly is: "duplicate-id"; readonly id: string }
  | { readonly is: "unknown"; readonly message: string }
  | ErrorOutcome;

/** An error that is none of the above. */
export interface ErrorOutcome {
  readonly is: "error";
  readonly name: string;
  readonly message: string;
}

/** How a call ended. */
export type Outcome =
  | SaveOutcome
  | {
    readonly is: "events";
    readonly versions: readonly number[];
    readonly prints: readonly number[];
  }
  | { readonly is: "version"; readonly version: number }
  /** The subscription was closed, having passed everything up to a sequence. */
  | { readonly is: "closed"; readonly position: number };

/** A call began. The records of one store stand in the order they happened. */
export interface Invoked {
  readonly kind: "invoke";
  /** Unique in the history. */
  readonly op: string;
  /** The store instance. */
  readonly store: string;
  /** Milliseconds on a clock that never goes back. */
  readonly at: number;
  readonly call: Call;
}

/** A call ended. */
export interface Completed {
  readonly kind: "complete";
  readonly op: string;
  readonly at: number;
  readonly outcome: Outcome;
}

/** A subscription delivered events. */
export interface Delivered {
  readonly kind: "deliver";
  readonly op: string;
  readonly at: number;
  readonly items: readonly (readonly [sequence: number, print: number])[];
}

/** A subscription reached the end as of its start. */
export interface CaughtUp {
  readonly kind: "caught-up";
  readonly op: string;
  readonly at: number;
  /** It has passed everything up to this sequence. */
  readonly position: number;
}

/** The process of a store was killed: its open calls have no outcome. */
export interface Killed {
  readonly kind: "killed";
  readonly store: string;
  readonly at: number;
}

/** Something was done to a server or a connection. */
export interface Fault {
  readonly kind: "fault";
  readonly at: number;
  readonly what: string;
}

/** One line of a history. */
export type HistoryRecord =
  | Invoked
  | Completed
  | Delivered
  | CaughtUp
  | Killed
  | Fault;

/** A message of the stream, as it is when all is over. */
export interface FinalEvent extends EventRef {
  readonly sequence: number;
  readonly type: string;
  /** The atomic batch it was stored in, if it was one. */
  readonly batch?: string | undefined;
}

/** Two events with the same number are the same, as sure as 53 bits make it. */
export function fingerprint(
  { id, actorId, version, eventType, data }: AnyEvent,
): number {
  return hash53(JSON.stringify([id, actorId, version, eventType, data]));
}

/** A hash of 53 bits (cyrb53). */
export function hash53(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^
    Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^
    Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
