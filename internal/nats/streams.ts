/**
 * Streams: asking for one, and making one.
 *
 * @module
 */

import type {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  StreamConfig as ClientStreamConfig,
  StreamInfo as ClientStreamInfo,
} from "@nats-io/jetstream";
import { backoff, Deadline, delay } from "../waiting.ts";
import { NoRespondersError, RequestTimeoutError } from "./errors.ts";
import { apiRequest, isApiError, JetStreamCode } from "./js_api.ts";
import type { Multiplexer } from "./multiplexer.ts";
import {
  JetStreamUnavailableError,
  streamRefused,
  tooFewServers,
  unsupportedServer,
} from "./stream_errors.ts";

/** The JetStream API level of nats-server 2.12. */
const REQUIRED_API_LEVEL = 2;

/** Milliseconds an answer of JetStream's API is waited for. */
const API_TIMEOUT_MS = 5_000;

/** How long opening asks for a stream that stays silent, in milliseconds. */
const OPEN_TIMEOUT_MS = 10_000;

/** How long the first of its attempts waits, in milliseconds. */
const FIRST_ATTEMPT_TIMEOUT_MS = 500;

type Enum = DiscardPolicy | RetentionPolicy | StorageType;

/**
 * The settings of a stream, with the strings that the client's enums stand for:
 * an enum is a value, and importing it would bring the whole client along.
 */
export type StreamConfig = {
  [Key in keyof ClientStreamConfig]: ClientStreamConfig[Key] extends Enum
    ? `${ClientStreamConfig[Key]}`
    : ClientStreamConfig[Key];
};

/** What the server tells of a stream. */
export type StreamInfo =
  & Omit<ClientStreamInfo, "config">
  & { config: StreamConfig };

/** The settings of a stream that is to be made. */
export type NewStream = Partial<StreamConfig> & Pick<StreamConfig, "name">;

/**
 * Refuses a server without JetStream, or one older than 2.12: told by the API
 * level, for the connection may be to another server than JetStream's.
 *
 * @param action What can't be done, such as `open store`.
 */
export async function checkServer(
  mux: Multiplexer,
  action: string,
): Promise<void> {
  let apiLevel: number;
  try {
    const { api } = await apiRequest<{ api?: { level?: number } }>(
      mux,
      "INFO",
      undefined,
      { timeout: API_TIMEOUT_MS },
    );
    apiLevel = api?.level ?? 0;
  } catch (error) {
    if (
      error instanceof NoRespondersError ||
      isApiError(
        error,
        JetStreamCode.notEnabled,
        JetStreamCode.notEnabledForAccount,
      )
    ) {
      throw new JetStreamUnavailableError(
        `Cannot ${action}: JetStream is not enabled on the server, or not for this account; set \`jetstream\` in the server's configuration`,
        { cause: error },
      );
    }
    throw error;
  }
  if (apiLevel < REQUIRED_API_LEVEL) {
    const { version } = mux.watch.nc.info ?? {};
    throw unsupportedServer(action, apiLevel, REQUIRED_API_LEVEL, version);
  }
}

/**
 * Asks for the stream as it is now; undefined when there is none. Without a
 * timeout it asks again and again: one that has no leader yet stays silent.
 */
export async function streamInfo(
  mux: Multiplexer,
  name: string,
  { timeout, signal }: { timeout?: number; signal?: AbortSignal | undefined } =
    {},
): Promise<StreamInfo | undefined> {
  const deadline = new Deadline(timeout ?? OPEN_TIMEOUT_MS);
  for (let attempt = timeout ?? FIRST_ATTEMPT_TIMEOUT_MS;; attempt *= 2) {
    try {
      return await apiRequest<StreamInfo>(
        mux,
        `STREAM.INFO.${name}`,
        undefined,
        { timeout: Math.min(attempt, Math.max(1, deadline.left)), signal },
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (isApiError(error, JetStreamCode.streamNotFound)) return undefined;
      const isSilent = error instanceof RequestTimeoutError;
      if (!isSilent || deadline.left === 0) throw error;
    }
  }
}

/**
 * Asks for a stream, and asks again for a while where a server that is needed
 * counts as offline: often it is back in a moment.
 */
async function requestStream(
  mux: Multiplexer,
  config: NewStream,
): Promise<StreamInfo> {
  const deadline = new Deadline(API_TIMEOUT_MS);
  for (let n = 0;; n++) {
    try {
      const timeout = API_TIMEOUT_MS;
      const endpoint = `STREAM.CREATE.${config.name}`;
      return await apiRequest<StreamInfo>(mux, endpoint, config, { timeout });
    } catch (error) {
      const mayPass = isApiError(error, JetStreamCode.clusterNoPeers) &&
        error.message.includes("offline");
      if (!mayPass || deadline.left === 0) throw error;
      await delay(4 * backoff(n));
    }
  }
}

/**
 * Makes a stream, unless somebody else has made it meanwhile.
 *
 * @param action What can't be done without it, such as `open store`.
 * @throws {StreamSetupError} `"too-few-servers"` or `"refused"`.
 */
export async function createStream(
  mux: Multiplexer,
  config: NewStream,
  action: string,
): Promise<StreamInfo> {
  const { name, num_replicas: replicas = 1 } = config;
  let made: StreamInfo;
  try {
    made = await requestStream(mux, config);
  } catch (error) {
    if (error instanceof RequestTimeoutError) {
      const info = await streamInfo(mux, name);
      if (info) return info;
    }
    if (isApiError(error, JetStreamCode.streamNameExists)) {
      const info = await streamBeingMade(mux, name);
      if (info) return info; // theirs is what counts
    }
    if (
      isApiError(
        error,
        JetStreamCode.clusterNoPeers,
        JetStreamCode.clusterRequired,
        JetStreamCode.replicasNotSupported,
      )
    ) throw tooFewServers(action, name, replicas, error);
    if (isApiError(error)) throw streamRefused(action, name, error);
    throw error;
  }
  // What was answered does not tell the JetStream domain (tried on 2.15.2).
  return await streamInfo(mux, name) ?? made;
}

/** Asks for a stream that somebody else is just making, if it comes to be. */
async function streamBeingMade(
  mux: Multiplexer,
  name: string,
): Promise<StreamInfo | undefined> {
  const deadline = new Deadline(API_TIMEOUT_MS);
  for (let n = 0;; n++) {
    // On replicas its name is taken before it can be asked for.
    const info = await streamInfo(mux, name);
    if (info !== undefined || deadline.left === 0) return info;
    await delay(backoff(n));
  }
}
