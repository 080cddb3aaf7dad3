/**
 * What the state machine of a lease remembers.
 *
 * @module
 */

import type { Reading } from "./clock.ts";
import type { ReplacedLease } from "./record.ts";

/** The lease as this node has it, or had it and may resume it. */
export interface Tenure {
  readonly term: number;
  readonly replaced: ReplacedLease | undefined;
  /** Where its record is, as far as is known. */
  readonly bucket: string;
  readonly revision: number;
  readonly nonce: string;
  /** When the last successful renewal left. */
  readonly sent: Reading;
}

/** What to do once it is time; all but `read` are writes. */
export type Step = "read" | "take" | "renew" | "resume" | "release" | "leave";
