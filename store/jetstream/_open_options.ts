/**
 * The options a JetStream store is opened with.
 *
 * @module
 */

import { checkNamespace, checkPrefix } from "../../internal/nats/names.ts";
import {
  badRange,
  badType,
  checkBoolean,
  checkDuration,
  checkInteger,
  checkSignal,
  oneOf,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import {
  CREATE_EVENT_OPTIONS,
  type CreateEventOptions,
  type EventSources,
  resolveSources,
} from "../../event/event_sources.ts";
import type { StreamSettings } from "./stream/stream.ts";
import {
  type ResolvedTelemetry,
  resolveTelemetry,
  type StoreTelemetryOptions,
  TELEMETRY_OPTIONS,
} from "../telemetry_options.ts";

/**
 * Options of {@linkcode JetStreamEventStore.open}.
 *
 * The settings of the stream count when it is made. Of a stream that exists
 * those that are given must be what it has, and those that are not may be
 * anything.
 */
export interface JetStreamEventStoreOptions
  extends StoreTelemetryOptions, CreateEventOptions {
  /**
   * The logical boundary the events lie in: a stream of its own. At most 128
   * bytes when encoded. @default {"default"}
   */
  namespace?: string | undefined;
  /**
   * What streams, buckets and subjects begin with: a lower-case letter, then
   * at most 31 of lower-case letters, digits and `-`. Upper-cased in the names
   * of streams and buckets. @default {"aether"}
   */
  prefix?: string | undefined;
  /**
   * Whether to make the stream and the bucket if they are not there. `false`
   * needs no right to create anything. @default {true}
   */
  create?: boolean | undefined;
  /** Copies of the stream on different servers: 1 to 5. @default {1} */
  replicas?: number | undefined;
  /** Where the stream is kept. @default {"file"} */
  storage?: "file" | "memory" | undefined;
  /**
   * How old an event may become before it is forgotten, in milliseconds: 100
   * to 9,223,372,036,854, which is 292 years. An actor whose last event was
   * forgotten begins anew at version 1.
   * @default for ever
   */
  maxAge?: number | undefined;
  /** The most bytes of the stream; a full one refuses. @default no limit */
  maxBytes?: number | undefined;
  /** The most events of the stream; a full one refuses. @default no limit */
  maxMessages?: number | undefined;
  /**
   * How long the server remembers ids, in milliseconds: 100 or more, and at
   * most `maxAge`. Within it an id used for another event is found for
   * certain. Every id costs the server some 230 bytes meanwhile.
   * @default {30_000}
   */
  duplicateWindow?: number | undefined;
  /**
   * What the connection's user may receive replies on, if not `_INBOX`: the
   * same as the connection's own `inboxPrefix`. @default {"_INBOX"}
   */
  inboxPrefix?: string | undefined;
  /**
   * After how many milliseconds without a certain answer a save fails: with a
   * {@linkcode SaveOutcomeUnknownError}, or with a
   * {@linkcode JetStreamUnavailableError} if it is certain that nothing was
   * stored. 1 to 2,147,483,647. @default {30_000}
   */
  saveTimeout?: number | undefined;
  /**
   * Whether saves that wait at the same time may ride together in one batch,
   * where that is faster: several-event saves on one server, all saves on
   * replicas and on a server that syncs before it acknowledges. Each has the
   * outcome it would have had alone. @default {true}
   */
  groupSaves?: boolean | undefined;
  /**
   * After how many milliseconds without an answer a read fails; a read of
   * several pages begins anew with each. 1 to 2,147,483,647.
   * @default {10_000}
   */
  readTimeout?: number | undefined;
  /**
   * Of how many actors the end of the history is remembered, some 400 bytes
   * each: a save of such an actor is one round trip. @default {100_000}
   */
  cachedActors?: number | undefined;
  /**
   * Aborts the opening, which fails with its reason. It means nothing to the
   * store once that is open.
   */
  signal?: AbortSignal | undefined;
}

/** The options, checked. */
export interface ResolvedOpen {
  readonly telemetry: ResolvedTelemetry;
  readonly sources: EventSources;
  readonly namespace: string;
  readonly prefix: string;
  readonly create: boolean;
  readonly settings: StreamSettings;
  readonly inboxPrefix: string | undefined;
  readonly saveTimeout: number;
  readonly groupSaves: boolean;
  readonly readTimeout: number;
  readonly cachedActors: number;
  readonly signal: AbortSignal | undefined;
}

const OPTIONS: OptionNames<JetStreamEventStoreOptions> = {
  namespace: true,
  prefix: true,
  create: true,
  replicas: true,
  storage: true,
  maxAge: true,
  maxBytes: true,
  maxMessages: true,
  duplicateWindow: true,
  inboxPrefix: true,
  saveTimeout: true,
  groupSaves: true,
  readTimeout: true,
  cachedActors: true,
  signal: true,
  ...TELEMETRY_OPTIONS,
  ...CREATE_EVENT_OPTIONS,
};

const ACTION = "open store";

/**
 * The shortest and the longest age and window the server takes, in
 * milliseconds: it counts nanoseconds in 63 bits.
 */
const SHORTEST = 100;
const LONGEST = 9_223_372_036_854;

/** Resolves the options of `open`. */
export function resolveOpen(
  options: JetStreamEventStoreOptions | undefined,
): ResolvedOpen {
  const {
    namespace = "default",
    prefix = "aether",
    create = true,
    replicas,
    storage,
    maxAge,
    maxBytes,
    maxMessages,
    duplicateWindow,
    inboxPrefix,
    saveTimeout = 30_000,
    groupSaves = true,
    readTimeout = 10_000,
    cachedActors = 100_000,
    signal,
    now,
    newId,
    ...telemetry
  } = optionsOf(options, OPTIONS, ACTION);
  checkBoolean(create, ACTION, "create");
  checkBoolean(groupSaves, ACTION, "groupSaves");
  checkNamespace(namespace, ACTION);
  checkPrefix(prefix, ACTION);
  checkInboxPrefix(inboxPrefix);
  optional(replicas, "replicas", 1, 5);
  optional(maxAge, "maxAge", SHORTEST, LONGEST);
  optional(duplicateWindow, "duplicateWindow", SHORTEST, LONGEST);
  if (maxAge !== undefined && (duplicateWindow ?? 0) > maxAge) {
    throw badRange(
      ACTION,
      "duplicateWindow",
      `at most maxAge, ${maxAge}`,
      duplicateWindow,
    );
  }
  optional(maxBytes, "maxBytes", 1);
  optional(maxMessages, "maxMessages", 1);
  if (storage !== undefined) {
    oneOf(storage, ["file", "memory"], ACTION, "storage");
  }
  return {
    telemetry: resolveTelemetry(telemetry, ACTION),
    sources: resolveSources({ now, newId }, ACTION),
    namespace,
    prefix,
    create,
    settings: {
      replicas,
      storage,
      maxAge,
      maxBytes,
      maxMessages,
      duplicateWindow,
    },
    inboxPrefix,
    saveTimeout: timer(saveTimeout, "saveTimeout"),
    groupSaves,
    readTimeout: timer(readTimeout, "readTimeout"),
    cachedActors: checkInteger(cachedActors, ACTION, "cachedActors", 1),
    signal: checkSignal(signal, ACTION),
  };
}

function optional(
  value: number | undefined,
  name: string,
  min: number,
  max?: number,
): void {
  if (value !== undefined) checkInteger(value, ACTION, name, min, max);
}

function timer(milliseconds: number, name: string): number {
  return checkDuration(milliseconds, ACTION, name);
}

function checkInboxPrefix(inboxPrefix: unknown): void {
  if (inboxPrefix === undefined) return;
  if (typeof inboxPrefix !== "string") {
    throw badType(ACTION, "inboxPrefix", "a string", inboxPrefix);
  }
  if (/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(inboxPrefix)) return;
  throw badRange(
    ACTION,
    "inboxPrefix",
    "a subject without wildcards",
    inboxPrefix,
  );
}
