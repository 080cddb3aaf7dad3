/** So short that handlers must know commands by themselves. */
export const DUPLICATE_WINDOW_MS = 100;

/** How a worker is started: JSON as its only argument. */
export interface WorkerSpec {
  readonly urls: readonly string[];
  readonly namespace: string;
  readonly replicas: number;
}

/** What a worker is told to execute, a line of JSON each. */
export interface TrialCommand {
  readonly id: string;
  readonly actorId: string;
  readonly amount: number;
  /** 0 for one event, else it stores two. */
  readonly fee: number;
}

/** What came of a command, a line of JSON each. */
export type Answer =
  & { readonly id: string }
  & (
    | {
      readonly stored: readonly {
        readonly id: string;
        readonly note: number;
      }[];
      readonly version: number;
      readonly duplicate: boolean;
    }
    | { readonly rejected: string }
    /** It is not known what came of it, or it was not done: the error's name. */
    | { readonly failed: string }
  );

/**
 * What lines of JSON say. What follows the last line break was cut off when
 * its process was killed, and is left out.
 */
export async function* jsonLines<T>(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<T, void> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}
