/**
 * Reads of the events of all actors.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import { validTrace } from "../../../internal/telemetry/trace.ts";
import type { TraceContext } from "../../../internal/telemetry/types.ts";
import { formatCheckpoint } from "../../checkpoint.ts";
import type { StoredEvent } from "../../event_store.ts";
import type { ResolvedReadAll } from "../../read_arguments.ts";
import { EventReader } from "../stream/event_reader.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import type { StoredMessage } from "../stream/stored_message.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import { StreamPages } from "./stream_pages.ts";
import type { TailCache } from "./tail_cache.ts";

/** Reads the events of one store. */
export class AllEvents {
  readonly #reader: StreamReader;
  readonly #root: string;
  readonly #cache: TailCache;
  readonly #traces: boolean;

  /**
   * @param root The tokens that all subjects begin with.
   * @param traces Whether events come with the traces they were saved in.
   */
  constructor(
    reader: StreamReader,
    root: string,
    cache: TailCache,
    traces: boolean,
  ) {
    this.#reader = reader;
    this.#root = root;
    this.#cache = cache;
    this.#traces = traces;
  }

  /**
   * The events in pages. A page's messages are decoded as it is iterated, and
   * before the next page is asked for it has to be iterated to its end.
   */
  async *pages(
    { after, filter, direction, limit, ...read }: ResolvedReadAll,
    action: string,
    bounds: ReadBounds,
  ): AsyncGenerator<Iterable<StoredEvent<AnyEvent>>, void> {
    // Pages asked for ahead let go of the caller's signal when it leaves.
    const gone = new AbortController();
    const signal = bounds.signal === undefined
      ? gone.signal
      : AbortSignal.any([bounds.signal, gone.signal]);
    const pages = new StreamPages(this.#reader, this.#root, action);
    const { actors, eventTypes } = filter;
    const takesAll = actors === undefined && eventTypes === undefined;
    const range = {
      after,
      actors,
      enough: takesAll ? limit : Infinity,
      seen: this.#cache.highest,
    };
    const messages = direction === "forward"
      ? pages.forward(range, { ...bounds, signal })
      : pages.backward(range, { ...bounds, signal });
    const events = new EventReader(this.#root, filter, read.onReplayError);
    let left = limit;
    try {
      for await (const page of messages) {
        yield this.#eventsOf(page, events, read.storedAt, () => left-- > 0);
        if (left <= 0) return;
      }
    } finally {
      gone.abort();
    }
  }

  *#eventsOf(
    messages: readonly StoredMessage[],
    events: EventReader,
    withTime: boolean,
    isWanted: () => boolean,
  ): Generator<StoredEvent<AnyEvent>, void> {
    const { incarnation } = this.#reader.stream;
    for (const message of messages) {
      const event = events.read(message);
      if (event === undefined) continue;
      if (!isWanted()) return;
      const { sequence } = message;
      this.#cache.noteSeen(event.actorId, sequence);
      const trace = this.#traces ? traceOf(message) : undefined;
      yield {
        event,
        sequence,
        checkpoint: formatCheckpoint(incarnation, sequence),
        ...(withTime && { storedAt: message.storedAt() }),
        ...(trace !== undefined && { trace }),
      };
    }
  }
}

/** The trace in a message's headers, if there is one and they can be read. */
function traceOf({ header }: StoredMessage): TraceContext | undefined {
  try {
    return validTrace(header("traceparent"), header("tracestate") || undefined);
  } catch {
    return undefined;
  }
}
