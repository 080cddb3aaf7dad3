/**
 * What can go wrong, one class a failure. Tell them apart with `instanceof`.
 *
 * @module
 */

import { show } from "../internal/show.ts";

/** The actor is not where the save expected it. Load it and decide again. */
export class VersionConflictError extends Error {
  /** Always `"VersionConflictError"`. */
  override readonly name = "VersionConflictError";
  /** The actor. */
  readonly actorId: string;
  /** The version of the event that was to be saved. */
  readonly attemptedVersion: number;
  /** The actor's latest version; 0 when it has no events. */
  readonly currentVersion: number;
  /** The version the caller asked for, if it did. */
  readonly expectedVersion: number | undefined;

  /** Says which actor, and the versions. */
  constructor(details: {
    actorId: string;
    attemptedVersion: number;
    currentVersion: number;
    expectedVersion?: number | undefined;
    /** What can't be done. @default {"save event"} */
    action?: string | undefined;
  }) {
    const { actorId, attemptedVersion, currentVersion, expectedVersion } =
      details;
    const { action = "save event" } = details;
    const actor = show(actorId);
    const isTooLow = expectedVersion === undefined ||
      expectedVersion === currentVersion;
    super(
      isTooLow
        ? `Cannot ${action}: version ${attemptedVersion} of actor ${actor} is not greater than ${currentVersion}`
        : `Cannot ${action}: expected actor ${actor} at version ${expectedVersion}${
          attemptedVersion === expectedVersion + 1
            ? ""
            : ` before version ${attemptedVersion}`
        }, but it is at ${currentVersion}${
          expectedVersion < attemptedVersion
            ? ""
            : "; what is expected is the version before the event's own"
        }`,
    );
    this.actorId = actorId;
    this.attemptedVersion = attemptedVersion;
    this.currentVersion = currentVersion;
    this.expectedVersion = expectedVersion;
  }
}

/** An event id is taken by another event, or occurs twice in one call. */
export class DuplicateEventError extends Error {
  /** Always `"DuplicateEventError"`. */
  override readonly name = "DuplicateEventError";
  /** The id. */
  readonly eventId: string;
  /** The actor of the event that was to be saved. */
  readonly actorId: string;
  /** The version the id is stored under, where known. */
  readonly storedVersion: number | undefined;
  /** The sequence the id is stored under, where known. */
  readonly storedSequence: number | undefined;

  /** Says which id, and what is known of where it is stored. */
  constructor(
    message: string,
    details: {
      eventId: string;
      actorId: string;
      storedVersion?: number | undefined;
      storedSequence?: number | undefined;
    },
  ) {
    super(message);
    this.eventId = details.eventId;
    this.actorId = details.actorId;
    this.storedVersion = details.storedVersion;
    this.storedSequence = details.storedSequence;
  }
}

/**
 * It is not known whether a save was stored. Saving the same events again,
 * with the same ids, tells. `cause` is the last error or the signal's reason.
 */
export class SaveOutcomeUnknownError extends Error {
  /** Always `"SaveOutcomeUnknownError"`. */
  override readonly name = "SaveOutcomeUnknownError";
  /** The ids of the events in question. */
  readonly eventIds: readonly string[];

  /** Says how many events, and why nothing more is known. */
  constructor(
    message: string,
    eventIds: readonly string[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.eventIds = eventIds;
  }
}

/** A stored message that is no event of the actor it is stored under. */
export class ReplayError extends Error {
  /** Always `"ReplayError"`. */
  override readonly name = "ReplayError";
  /** Its place in the stream. */
  readonly sequence: number;
  /** Its payload as stored. */
  readonly rawData: Uint8Array;

  /** Says where, and wraps the reason as `cause`. */
  constructor(
    message: string,
    details: { sequence: number; rawData: Uint8Array },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.sequence = details.sequence;
    this.rawData = details.rawData;
  }
}

/** Why a {@linkcode CheckpointError} was thrown. */
export type CheckpointErrorCode =
  /** It is no checkpoint at all. */
  | "malformed"
  /** It belongs to another stream, or to one that was deleted and made again. */
  | "other-stream"
  /** It lies beyond the end of the stream. */
  | "beyond-end"
  /** Events after it have expired. */
  | "expired";

/** A subscription can't begin, or go on, at a checkpoint. */
export class CheckpointError extends Error {
  /** Always `"CheckpointError"`. */
  override readonly name = "CheckpointError";
  /** Why. */
  readonly code: CheckpointErrorCode;
  /** The checkpoint; empty where a subscription from the end had none yet. */
  readonly checkpoint: string;

  /** Says why, and what to do. */
  constructor(
    message: string,
    code: CheckpointErrorCode,
    checkpoint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.checkpoint = checkpoint;
  }
}

/** The store was closed; nothing was sent. */
export class StoreClosedError extends Error {
  /** Always `"StoreClosedError"`. */
  override readonly name = "StoreClosedError";

  /** Says what can't be done any more. */
  constructor(action: string) {
    super(`Cannot ${action}: the store is closed`);
  }
}
