/**
 * JetStream's JSON API over the reply multiplexer.
 *
 * @module
 */

import { JetStreamApiError } from "./errors.ts";
import type { RequestOptions } from "./call.ts";
import type { Multiplexer } from "./multiplexer.ts";

/** The prefix of JetStream's API subjects. */
export const API_PREFIX = "$JS.API";

/**
 * JetStream's error codes that are told apart here, by their names in
 * nats-server's errors.json. Lists of codes met on each path, measured on
 * 2.15.2, stand where they are used.
 */
export const JetStreamCode = {
  accountResourcesExceeded: 10002,
  clusterNoPeers: 10005,
  clusterNotAvailable: 10008,
  clusterNotLeader: 10009,
  clusterRequired: 10010,
  insufficientResources: 10023,
  maximumConsumers: 10026,
  memoryResourcesExceeded: 10028,
  noMessageFound: 10037,
  notEnabledForAccount: 10039,
  storageResourcesExceeded: 10047,
  streamNameExists: 10058,
  streamNotFound: 10059,
  wrongLastSequence: 10071,
  replicasNotSupported: 10074,
  notEnabled: 10076,
  storeFailed: 10077,
  duplicateInProcess: 10158,
  wrongLastSequenceUnknown: 10164,
  batchIncomplete: 10176,
  batchDuplicateId: 10201,
} as const;

/** The part that every answer of JetStream may have. */
export interface ApiReply {
  /** Why it refused. */
  readonly error?:
    | { code: number; err_code?: number; description?: string }
    | undefined;
}

const decoder = new TextDecoder();

/**
 * Reads a JSON answer of JetStream.
 *
 * @throws {JetStreamApiError} If the answer is an error.
 */
export function parseApiReply<T>(data: Uint8Array): T {
  const reply = JSON.parse(decoder.decode(data)) as T & ApiReply;
  throwIfRefused(reply);
  return reply;
}

/** The error for an answer of JetStream, with what the server said. */
export function jetStreamError(
  code: number,
  status: number,
  description: string,
): JetStreamApiError {
  return new JetStreamApiError(`${description} (JetStream error ${code})`, {
    code,
    status,
  });
}

/** @throws {JetStreamApiError} If the answer is an error. */
export function throwIfRefused(reply: ApiReply | null): void {
  if (!reply?.error) return;
  const { code, err_code = 0, description = "" } = reply.error;
  throw jetStreamError(err_code, code, description || `status ${code}`);
}

/**
 * Asks JetStream's API, such as `STREAM.INFO.orders`.
 *
 * @throws {JetStreamApiError} If the answer is an error, and whatever
 * {@linkcode Multiplexer.request} throws.
 */
export async function apiRequest<T>(
  mux: Multiplexer,
  endpoint: string,
  body: unknown,
  options: RequestOptions,
): Promise<T> {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const msg = await mux.request(`${API_PREFIX}.${endpoint}`, payload, options);
  return parseApiReply<T>(msg.data);
}

/** Whether an error is JetStream's, with one of these codes if any are given. */
export function isApiError(
  error: unknown,
  ...codes: readonly number[]
): error is JetStreamApiError {
  return error instanceof JetStreamApiError &&
    (codes.length === 0 || codes.includes(error.code));
}
