/**
 * What can be wrong with JetStream and with a stream as a whole.
 *
 * @module
 */

import { show } from "../show.ts";

/**
 * JetStream is not there: not enabled, not for this account, or it does not
 * answer, for want of a majority of its servers for instance.
 */
export class JetStreamUnavailableError extends Error {
  /** Always `"JetStreamUnavailableError"`. */
  override readonly name = "JetStreamUnavailableError";
}

/** Why a {@linkcode StreamSetupError} was thrown. */
export type StreamSetupErrorCode =
  /** The server is older than 2.12. */
  | "unsupported-server"
  /** The stream or the bucket is not there, or not any more. */
  | "not-found"
  /** It was deleted and made again since it was opened. */
  | "replaced"
  /** It exists with other settings; it was left as it is. */
  | "different"
  /** It was not made by this library, or by a newer version of it. */
  | "unsupported-layout"
  /** Fewer servers are there, or have room, than replicas were asked for. */
  | "too-few-servers"
  /** The server refused to make it for another reason; `cause` is its answer. */
  | "refused";

/** Something that is not as it is needed or was asked for. */
export interface StreamDifference {
  /**
   * A stream's setting as nats-server spells it, `metadata.aether.layout`, or
   * the server's `api_level`.
   */
  readonly setting: string;
  /** What is needed or was asked for. */
  readonly expected: unknown;
  /** What there is; undefined if nothing is. */
  readonly found: unknown;
}

/** A server or its stream is not what is needed; the message says what to do. */
export class StreamSetupError extends Error {
  /** Always `"StreamSetupError"`. */
  override readonly name = "StreamSetupError";
  /** Why. */
  readonly code: StreamSetupErrorCode;
  /** The name of the stream; empty where it is about the server. */
  readonly stream: string;
  /** Each difference; empty where it is not about settings. */
  readonly differences: readonly StreamDifference[];

  /** Says why, and what to do. */
  constructor(
    message: string,
    details: {
      code: StreamSetupErrorCode;
      stream: string;
      differences?: readonly StreamDifference[];
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = details.code;
    this.stream = details.stream;
    this.differences = details.differences ?? [];
  }
}

/** Whether an error is a {@linkcode StreamSetupError} with this code. */
export function isSetupError(
  error: unknown,
  code: StreamSetupErrorCode,
): error is StreamSetupError {
  return error instanceof StreamSetupError && error.code === code;
}

/**
 * The error for a server that is too old.
 *
 * @param version Of the server that the connection is to, if it is known.
 */
export function unsupportedServer(
  action: string,
  found: number,
  expected: number,
  version: string | undefined,
): StreamSetupError {
  return new StreamSetupError(
    `Cannot ${action}: nats-server 2.12 or newer is needed (JetStream API level ${expected}), found level ${found}${
      version ? ` (connected to ${version})` : ""
    }; upgrade the server`,
    {
      code: "unsupported-server",
      stream: "",
      differences: [{ setting: "api_level", expected, found }],
    },
  );
}

/** The error for a stream or a bucket that is not there. */
export function streamNotFound(
  action: string,
  stream: string,
  advice: string,
  options?: ErrorOptions,
): StreamSetupError {
  return new StreamSetupError(
    `Cannot ${action}: there is no stream ${show(stream)}; ${advice}`,
    { code: "not-found", stream },
    options,
  );
}

/** The error for a stream with other settings, each of which it names. */
export function streamDiffers(
  action: string,
  stream: string,
  differences: readonly StreamDifference[],
): StreamSetupError {
  const list = differences.map(({ setting, expected, found }) =>
    `${setting} must be ${JSON.stringify(expected)}, is ${
      JSON.stringify(found) ?? "unset"
    }`
  );
  return new StreamSetupError(
    `Cannot ${action}: stream ${show(stream)} differs: ${
      list.join("; ")
    }. Change the stream, or the options`,
    { code: "different", stream, differences },
  );
}

/** The error for a stream that the server did not make. */
export function streamRefused(
  action: string,
  stream: string,
  cause: Error,
): StreamSetupError {
  return new StreamSetupError(
    `Cannot ${action}: the server did not create stream ${
      show(stream)
    }: ${cause.message}; ask for less with the options, or give the account more room or other subjects`,
    { code: "refused", stream },
    { cause },
  );
}

/** The error for a stream with more replicas than there are servers for. */
export function tooFewServers(
  action: string,
  stream: string,
  replicas: number,
  cause: Error,
): StreamSetupError {
  return new StreamSetupError(
    `Cannot ${action}: stream ${
      show(stream)
    } was to have ${replicas} replica(s), and too few servers are there or have room for it; add servers or ask for fewer replicas`,
    { code: "too-few-servers", stream },
    { cause },
  );
}
