/**
 * What an election stands on: servers, or this process alone.
 *
 * @module
 */

import type { TraceContext } from "../../internal/telemetry/types.ts";
import type { LeaseRegister } from "../lease/register.ts";

/** Where the lease of an election is kept, and how its nodes hear of news. */
export interface ElectionLink {
  readonly register: LeaseRegister;
  /** Whether nobody can have a lease that was never written. */
  readonly isNew: boolean;
  /** Tells the other nodes that something has changed. */
  publish(): void;
  /** Takes in how a request ended: with an error, or without. */
  note(error: unknown): void;
  /** Leaves everything as it was. */
  close(): Promise<void>;
}

/** What a link tells an election. */
export interface ElectionListener {
  /** Something may have changed. */
  changed(): void;
  /** Nothing can be asked any more. */
  over(reason: Error): void;
  /** Something went wrong that does not pass by itself. */
  report(error: unknown): void;
  /** The connection was asked to reconnect. */
  reconnected(): void;
  /** The trace context that writes bear. */
  trace(): TraceContext | undefined;
}

/** Opens a link, on behalf of an election. */
export type OpenLink = (listener: ElectionListener) => ElectionLink;
