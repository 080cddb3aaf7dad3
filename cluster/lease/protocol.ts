/**
 * What goes into the state machine of a lease, and what comes out.
 *
 * @module
 */

import type { LeaseWrite, Sight } from "./register.ts";
import type { LeaseSettings } from "./settings.ts";

/** Who contends for a lease, and how. */
export interface LeaseOptions {
  /** The node's id. */
  readonly holder: string;
  /** Tells this life of the node from every other one. */
  readonly incarnation: string;
  readonly settings: LeaseSettings;
  /** As in an {@linkcode Observation}. */
  readonly isNameUnique?: boolean | undefined;
  /** A number from 0 to below 1, for jitter. */
  random(): number;
  /** A text that no attempt of any node has had. */
  nonce(): string;
  /** What the record tells of the holder; JSON. */
  data?(): unknown;
  /** A term that the next one has to be above, as others have seen it. */
  termAbove?(): number;
}

/** What to ask the register, by an id that the reply is to name. */
export type LeaseRequest =
  | { readonly kind: "read"; readonly id: number }
  | ({ readonly kind: "write"; readonly id: number } & LeaseWrite);

/** What became of a request. */
export type LeaseReply =
  | { readonly kind: "read"; readonly sight: Sight }
  | { readonly kind: "stored"; readonly revision: number }
  /** It is certain that nothing was stored. */
  | { readonly kind: "refused" }
  /** Anything may have become of it. */
  | { readonly kind: "failed" };

/** Why a window ended. */
export type EndReason = "lapsed" | "lost" | "released";

/** What has changed for the node. */
export type LeaseEvent =
  | {
    readonly kind: "granted";
    readonly term: number;
    /** Whether it had this term before. */
    readonly resumed: boolean;
  }
  | {
    readonly kind: "ended";
    readonly term: number;
    readonly reason: EndReason;
  };
