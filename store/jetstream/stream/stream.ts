/**
 * The stream behind a JetStream store: created, or checked against the layout.
 *
 * @module
 */

import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import {
  type StreamDifference,
  streamDiffers,
  streamNotFound,
  StreamSetupError,
} from "../../../internal/nats/stream_errors.ts";
import {
  createStream,
  type NewStream,
  type StreamConfig,
  type StreamInfo,
  streamInfo,
} from "../../../internal/nats/streams.ts";
import { show } from "../../../internal/show.ts";

/** The stored layout, fixed for ever because history is. */
const LAYOUT = "1";

/** How far ids are remembered by default, in milliseconds. */
const DEFAULT_DUPLICATE_WINDOW_MS = 30_000;

/** The settings of a stream that are the owner's choice. */
export interface StreamSettings {
  replicas?: number | undefined;
  storage?: "file" | "memory" | undefined;
  maxAge?: number | undefined;
  maxBytes?: number | undefined;
  maxMessages?: number | undefined;
  duplicateWindow?: number | undefined;
}

/** A stream as a store knows it; its owner may change the settings. */
export interface StreamIdentity {
  readonly name: string;
  /** Tells this stream from one of the same name that is made later. */
  readonly incarnation: string;
  /** The JetStream domain it is in; empty if the servers have none. */
  readonly domain: string;
  readonly replicas: number;
  /** Tells one leader of the replicas from the next; empty without replicas. */
  readonly leadership: string;
  readonly storage: "file" | "memory";
  readonly mayExpire: boolean;
  /** The most bytes of a message with its headers; Infinity without a limit. */
  readonly maxMessageSize: number;
  readonly duplicateWindow: number;
}

/** A stream's leader in the server's answer; nats.js types only its name. */
interface LeaderInfo {
  readonly leader?: string;
  readonly leader_since?: string;
}

const ACTION = "open store";

/** Advice for a stream or a bucket that does not exist. */
export const CREATE_ADVICE =
  "open the store with `create: true` and a user who may create it, or create it by hand";

const nanos = (ms: number) => Math.round(ms * 1e6);

/** The settings that the layout requires of every stream. */
function requiredConfig(name: string, subjects: string): Partial<StreamConfig> {
  return {
    name,
    subjects: [subjects],
    retention: "limits",
    discard: "new",
    max_msgs_per_subject: -1,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
    allow_atomic: true,
  };
}

/** Settings that would let stored events vanish, change or go unacknowledged. */
const FORBIDDEN: readonly (keyof StreamConfig)[] = [
  "mirror",
  "sources",
  "subject_transform",
  "allow_rollup_hdrs",
  "allow_msg_ttl",
  "discard_new_per_subject",
  "no_ack",
  "sealed",
];

function configOf(settings: StreamSettings): Partial<StreamConfig> {
  const { replicas, storage, maxAge, maxBytes, maxMessages, duplicateWindow } =
    settings;
  const config: Partial<StreamConfig> = {};
  if (replicas !== undefined) config.num_replicas = replicas;
  if (storage !== undefined) config.storage = storage;
  if (maxAge !== undefined) config.max_age = nanos(maxAge);
  if (maxBytes !== undefined) config.max_bytes = maxBytes;
  if (maxMessages !== undefined) config.max_msgs = maxMessages;
  if (duplicateWindow !== undefined) {
    config.duplicate_window = nanos(duplicateWindow);
  }
  return config;
}

/** Finds the stream and checks it, or makes it. */
export async function openStream(
  mux: Multiplexer,
  name: string,
  subjects: string,
  settings: StreamSettings,
  create: boolean,
): Promise<StreamIdentity> {
  let info = await streamInfo(mux, name);
  if (info === undefined) {
    if (!create) throw streamNotFound(ACTION, name, CREATE_ADVICE);
    info = await createStream(mux, newConfig(name, subjects, settings), ACTION);
  }
  checkStream(info, subjects, settings);
  return identify(info);
}

/** The configuration of a new stream. */
function newConfig(
  name: string,
  subjects: string,
  settings: StreamSettings,
): NewStream {
  const { maxAge = Infinity } = settings;
  return {
    storage: "file",
    num_replicas: 1,
    // The server refuses a window longer than the age limit.
    duplicate_window: nanos(Math.min(maxAge, DEFAULT_DUPLICATE_WINDOW_MS)),
    metadata: { "aether.layout": LAYOUT },
    ...requiredConfig(name, subjects),
    ...configOf(settings),
    name,
  };
}

function checkStream(
  { config }: StreamInfo,
  subjects: string,
  settings: StreamSettings,
): void {
  const layout = config.metadata?.["aether.layout"];
  if (layout !== LAYOUT) throw unsupportedLayout(config.name, layout);
  const differences: StreamDifference[] = [];
  const expected = {
    ...requiredConfig(config.name, subjects),
    ...configOf(settings),
  };
  for (const [setting, value] of Object.entries(expected)) {
    const found = config[setting as keyof StreamConfig];
    if (JSON.stringify(found) !== JSON.stringify(value)) {
      differences.push({ setting, expected: value, found });
    }
  }
  for (const setting of FORBIDDEN) {
    const found = config[setting];
    const unset = !found || (Array.isArray(found) && found.length === 0);
    if (!unset) differences.push({ setting, expected: false, found });
  }
  const persistence = (config as { persist_mode?: string }).persist_mode;
  if (persistence !== undefined && persistence !== "default") {
    differences.push({
      setting: "persist_mode",
      expected: "default",
      found: persistence,
    });
  }
  if (differences.length > 0) {
    throw streamDiffers(ACTION, config.name, differences);
  }
}

function unsupportedLayout(
  stream: string,
  found: string | undefined,
): StreamSetupError {
  const problem = found === undefined
    ? 'has no "aether.layout" in its metadata, so it was not made by this library; choose another namespace or prefix'
    : `has layout ${
      show(found)
    }, this version supports "${LAYOUT}"; use a newer version of the library`;
  const setting = "metadata.aether.layout";
  return new StreamSetupError(
    `Cannot ${ACTION}: stream ${show(stream)} ${problem}`,
    {
      code: "unsupported-layout",
      stream,
      differences: [{ setting, expected: LAYOUT, found }],
    },
  );
}

/** Picks what a store needs to know of a stream. */
export function identify(
  { config, created, cluster, domain = "" }: StreamInfo & { domain?: string },
): StreamIdentity {
  // Whoever led before may do so again.
  const { leader = "", leader_since = "" }: LeaderInfo = cluster ?? {};
  return {
    name: config.name,
    incarnation: `${config.name}@${created}`,
    domain,
    replicas: config.num_replicas,
    leadership: config.num_replicas === 1 ? "" : `${leader}@${leader_since}`,
    storage: config.storage,
    mayExpire: config.max_age > 0,
    maxMessageSize: config.max_msg_size > 0 ? config.max_msg_size : Infinity,
    duplicateWindow: config.duplicate_window / 1e6,
  };
}

/**
 * Makes sure that the stream is still the one that was opened.
 *
 * @throws {StreamSetupError} `"not-found"` if it is gone, `"replaced"` if
 * another one has taken its place.
 */
export async function checkIncarnation(
  mux: Multiplexer,
  identity: StreamIdentity,
  action: string,
  options: { timeout?: number; signal?: AbortSignal | undefined } = {},
): Promise<StreamInfo> {
  const { name, incarnation } = identity;
  const info = await streamInfo(mux, name, options);
  if (info === undefined) throw streamDeleted(action, name);
  if (identify(info).incarnation === incarnation) return info;
  throw streamReplaced(action, name);
}

/** The error for a stream or a bucket that was deleted under an open store. */
export function streamDeleted(
  action: string,
  stream: string,
  options?: ErrorOptions,
): StreamSetupError {
  const advice =
    "it was deleted since the store was opened: restore it and open the store anew, or open it with `create: true` to begin with an empty one";
  return streamNotFound(action, stream, advice, options);
}

/** The error for a stream that was made anew under an open store. */
export function streamReplaced(
  action: string,
  stream: string,
): StreamSetupError {
  return new StreamSetupError(
    `Cannot ${action}: stream ${
      show(stream)
    } was deleted and made again since the store was opened; open the store anew`,
    { code: "replaced", stream },
  );
}
