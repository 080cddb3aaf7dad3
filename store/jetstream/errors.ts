/**
 * What can go wrong with a store on JetStream that can't in memory.
 *
 * @module
 */

import { show } from "../../internal/show.ts";

export {
  JetStreamUnavailableError,
  StreamSetupError,
} from "../../internal/nats/stream_errors.ts";
export type {
  StreamDifference,
  StreamSetupErrorCode,
} from "../../internal/nats/stream_errors.ts";

/** The stream is at its limit of bytes or messages. Nothing was stored. */
export class StreamFullError extends Error {
  /** Always `"StreamFullError"`. */
  override readonly name = "StreamFullError";
  /** The name of the stream. */
  readonly stream: string;

  /** Says what can't be done, which stream is full, and what to do. */
  constructor(action: string, stream: string, options?: ErrorOptions) {
    super(
      `Cannot ${action}: stream ${
        JSON.stringify(stream)
      } is full; raise its max_bytes or max_msgs, or the server's storage limit`,
      options,
    );
    this.stream = stream;
  }
}

/**
 * No server that answers has what this store instance has already seen of an
 * actor: replicas lag behind for too long, or the servers lost data.
 */
export class StaleReadError extends Error {
  /** Always `"StaleReadError"`. */
  override readonly name = "StaleReadError";
  /** The actor. */
  readonly actorId: string;
  /** The sequence that was seen and is not to be found. */
  readonly sequence: number;

  /** Says which actor, and which sequence is missing. */
  constructor(actorId: string, sequence: number) {
    super(
      `Cannot read actor ${
        show(actorId)
      }: the stream was seen up to sequence ${sequence}, and no server that answers has it; if that is lost for good, open the store anew`,
    );
    this.actorId = actorId;
    this.sequence = sequence;
  }
}
