/**
 * Reading every event of a store.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import { badType, checkInteger, checkSignal } from "../internal/arguments.ts";

/** A store, as far as a model reads it; every event store is one. */
export interface EventSource {
  /** Every event in stream order. */
  subscribe(
    options: {
      live: false;
      signal?: AbortSignal | undefined;
      onReplayError: () => "continue";
    },
  ): AsyncIterable<{ readonly event: AnyEvent; readonly sequence: number }>;
}

/** How far a scan is. */
export interface ScanProgress {
  /** Events that were read. */
  readonly events: number;
  /** The sequence of the last of them. */
  readonly sequence: number;
}

/** Options of reading a whole store. */
export interface ScanOptions {
  /** At most this many events, from the beginning; 1 or more. @default all */
  limit?: number | undefined;
  /** Told how far the scan is, after every 1,000 events. */
  onProgress?: ((progress: ScanProgress) => void) | undefined;
  /** Gives up: the scan fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Events between two reports of progress. */
const PROGRESS_INTERVAL = 1_000;

/** Options of a scan, checked. */
export function checkScan(
  { limit = Infinity, onProgress, signal }: ScanOptions,
  action: string,
): ScanOptions & { limit: number } {
  if (limit !== Infinity) checkInteger(limit, action, "limit", 1);
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw badType(action, "onProgress", "a function", onProgress);
  }
  return { limit, onProgress, signal: checkSignal(signal, action) };
}

/** The events of a store from the beginning; messages that are none are passed over. */
export async function* scan(
  store: EventSource,
  { limit, onProgress, signal }: ReturnType<typeof checkScan>,
): AsyncGenerator<{ readonly event: AnyEvent; readonly sequence: number }> {
  let events = 0;
  const all = store.subscribe({
    live: false,
    signal,
    onReplayError: () => "continue",
  });
  for await (const { event, sequence } of all) {
    yield { event, sequence };
    if (++events % PROGRESS_INTERVAL === 0) onProgress?.({ events, sequence });
    if (events >= limit) return;
  }
}
