/**
 * What is known of one actor.
 *
 * @module
 */

import type { CommandLog } from "./_command_log.ts";

/** An actor as of a version. It is replaced, but for its log, which grows. */
export interface ActorState<State> {
  readonly state: State;
  /** 0 for an actor without events. */
  readonly version: number;
  /** The commands it knows; it may be ahead of the version. */
  readonly commands: CommandLog;
  /** The version of the last snapshot of it that is known of; 0 for none. */
  readonly snapshotVersion: number;
}
