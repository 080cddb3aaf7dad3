/** A place in the stream, with the checkpoint that stands for it. */
export interface Place {
  readonly sequence: number;
  readonly checkpoint: string;
}

/** What a worker is to do: one line of JSON on its stdin. */
export interface WorkerSpec {
  readonly kind: "writer" | "reader";
  /** Unique among all workers of a run. */
  readonly name: string;
  /** Its place among the workers of its kind. */
  readonly slot: number;
  readonly slots: number;
  readonly seed: number;
  readonly urls: readonly string[];
  readonly replicas: number;
  /** The file of its history, which it makes. */
  readonly history: string;
  readonly actors: number;
  /** Saves that a writer keeps under way. */
  readonly inFlight: number;
  /** Milliseconds until a save's outcome counts as unknown. */
  readonly saveTimeout: number;
  /** The history of the worker that it comes after, if there was one. */
  readonly before?: string | undefined;
  /** Where a reader's subscriptions go on, by name. */
  readonly places: Readonly<Record<string, Place>>;
}

/** What a worker is told after that, a line each. */
export type Command =
  /** To a writer: end what is under way, then itself. */
  | { readonly do: "stop" }
  /** To a reader: get to a sequence, then end. */
  | { readonly do: "finish"; readonly sequence: number };

/** What a worker tells, a line of JSON each, several a second. */
export interface Status {
  /** Its clock, as the history has it. */
  readonly at: number;
  /** Saves that have stored something. */
  readonly saves: number;
  /** Events that subscriptions delivered. */
  readonly delivered: number;
  /** Bytes. */
  readonly rss: number;
  readonly places: Readonly<Record<string, Place>>;
}

/** The lines of a stream of text. */
export async function* linesOf(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
