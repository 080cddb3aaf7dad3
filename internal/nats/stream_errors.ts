/**
 * What can be wrong with the server, a stream, or the rights to them.
 *
 * @module
 */

/**
 * JetStream is not there: not enabled, not for this account, or it does not
 * answer, for want of a majority of its servers for instance.
 */
export class JetStreamUnavailableError extends Error {
  /** Always `"JetStreamUnavailableError"`. */
  override readonly name = "JetStreamUnavailableError";
}

/** The server is too old. */
export class UnsupportedServerError extends Error {
  /** Always `"UnsupportedServerError"`. */
  override readonly name = "UnsupportedServerError";
  /** The JetStream API level found; 0 for a server that does not tell one. */
  readonly apiLevel: number;
  /** The API level needed, that of nats-server 2.12. */
  readonly requiredApiLevel: number;

  /** Says what can't be done, what was found and what is needed. */
  constructor(details: {
    action: string;
    apiLevel: number;
    requiredApiLevel: number;
    version: string | undefined;
  }) {
    const { action, apiLevel, requiredApiLevel, version } = details;
    super(
      `Cannot ${action}: nats-server 2.12 or newer is needed (JetStream API level ${requiredApiLevel}), found level ${apiLevel}${
        version ? ` (connected to ${version})` : ""
      }; upgrade the server`,
    );
    this.apiLevel = apiLevel;
    this.requiredApiLevel = requiredApiLevel;
  }
}

/** The stream, or the snapshot bucket, is not there. */
export class StreamNotFoundError extends Error {
  /** Always `"StreamNotFoundError"`. */
  override readonly name = "StreamNotFoundError";
  /** The name of the stream. */
  readonly stream: string;

  /** Says what can't be done without which stream, and what to do. */
  constructor(
    action: string,
    stream: string,
    { advice, ...options }: ErrorOptions & { advice?: string } = {},
  ) {
    const name = JSON.stringify(stream);
    const problem = advice !== undefined
      ? `there is no stream ${name}; ${advice}`
      : action === "open store"
      ? `there is no stream ${name}; open the store with \`create: true\` and a user who may create it, or create it by hand`
      : `stream ${name} was deleted since the store was opened; restore it and open the store anew, or open it with \`create: true\` to begin with an empty one`;
    super(`Cannot ${action}: ${problem}`, options);
    this.stream = stream;
  }
}

/** One setting of a stream that is not as needed or asked for. */
export interface StreamDifference {
  /** The setting, as nats-server spells it. */
  readonly setting: string;
  /** What is needed or was asked for. */
  readonly expected: unknown;
  /** What the stream has. */
  readonly found: unknown;
}

/** The stream exists with other settings. It was left as it is. */
export class StreamMismatchError extends Error {
  /** Always `"StreamMismatchError"`. */
  override readonly name = "StreamMismatchError";
  /** The name of the stream. */
  readonly stream: string;
  /** Each setting that differs. */
  readonly differences: readonly StreamDifference[];

  /** Names each difference. */
  constructor(
    stream: string,
    differences: readonly StreamDifference[],
    action = "open store",
  ) {
    const list = differences.map(({ setting, expected, found }) =>
      `${setting} must be ${JSON.stringify(expected)}, is ${
        JSON.stringify(found) ?? "unset"
      }`
    );
    super(
      `Cannot ${action}: stream ${JSON.stringify(stream)} differs: ${
        list.join("; ")
      }. Change the stream, or the options`,
    );
    this.stream = stream;
    this.differences = differences;
  }
}

/** The stream holds a layout this version can't read. */
export class UnsupportedLayoutError extends Error {
  /** Always `"UnsupportedLayoutError"`. */
  override readonly name = "UnsupportedLayoutError";
  /** The name of the stream. */
  readonly stream: string;
  /** The layout found in the stream's metadata. */
  readonly layout: string | undefined;

  /** Says which layout was found and which is supported. */
  constructor(stream: string, layout: string | undefined) {
    super(
      layout === undefined
        ? `Cannot open store: stream ${
          JSON.stringify(stream)
        } has no "aether.layout" in its metadata, so it was not made by this library; choose another namespace or prefix`
        : `Cannot open store: stream ${JSON.stringify(stream)} has layout ${
          JSON.stringify(layout)
        }, this version supports "1"; use a newer version of the library`,
    );
    this.stream = stream;
    this.layout = layout;
  }
}

/** There are fewer servers, or fewer that have room, than replicas asked for. */
export class InsufficientServersError extends Error {
  /** Always `"InsufficientServersError"`. */
  override readonly name = "InsufficientServersError";
  /** The name of the stream. */
  readonly stream: string;
  /** How many replicas were asked for. */
  readonly replicas: number;

  /** Says what was asked for, and what to do. */
  constructor(stream: string, replicas: number, options?: ErrorOptions) {
    super(
      `Cannot create stream ${
        JSON.stringify(stream)
      } with ${replicas} replica(s): too few servers are there, or have room for it; add servers or ask for fewer replicas`,
      options,
    );
    this.stream = stream;
    this.replicas = replicas;
  }
}

/** The server refused to make the stream; `cause` is its answer. */
export class StreamCreationError extends Error {
  /** Always `"StreamCreationError"`. */
  override readonly name = "StreamCreationError";
  /** The name of the stream. */
  readonly stream: string;

  /** Says which stream, why, and what to do. */
  constructor(stream: string, cause: Error) {
    super(
      `Cannot create stream ${
        JSON.stringify(stream)
      }: ${cause.message}; ask for less with the options, or give the account more room or other subjects`,
      { cause },
    );
    this.stream = stream;
  }
}
