/**
 * What can go wrong with work by shard.
 *
 * @module
 */

import { show } from "../../internal/show.ts";

/**
 * Told to `onError` of the `ClusterManager`: the work of a shard is held up, and tried again. Nothing
 * is skipped.
 */
export class ShardWorkError extends Error {
  /** Always `"ShardWorkError"`. */
  override readonly name = "ShardWorkError";
  /** The name that the work is registered by. */
  readonly work: string;
  /** What could not be done. */
  readonly code: "handle" | "read" | "load" | "save";
  /** The shard; undefined if it concerns several. */
  readonly shard: number | undefined;
  /** The sequence of the event that could not be handled. */
  readonly sequence: number | undefined;

  /** Says what could not be done; `cause` is why. */
  constructor(
    { work, code, shard, sequence }: {
      work: string;
      code: ShardWorkError["code"];
      shard?: number | undefined;
      sequence?: number | undefined;
    },
    options: { cause: unknown },
  ) {
    const { cause } = options;
    const what = {
      handle: `handle event ${sequence} of shard ${shard}`,
      read: shard === undefined
        ? "read the events"
        : `read the events of shard ${shard}`,
      load: `load the checkpoint of shard ${shard}`,
      save: `save the checkpoint of shard ${shard}`,
    }[code];
    super(
      `Cannot ${what} for ${JSON.stringify(work)}, will try again: ${
        reasonOf(cause)
      }`,
      options,
    );
    this.work = work;
    this.code = code;
    this.shard = shard;
    this.sequence = sequence;
  }
}

/** Says why; anything can be thrown, also what has no text. */
function reasonOf(cause: unknown): string {
  try {
    if (cause instanceof Error) return `${cause.message}`;
  } catch {
    // Its message can't be read: it is shown as any other object.
  }
  return typeof cause === "string" ? cause : show(cause);
}
