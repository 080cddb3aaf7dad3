/**
 * What a JetStream store is made of.
 *
 * @module
 */

import { ConnectionLostError } from "../../internal/nats/errors.ts";
import type { Multiplexer } from "../../internal/nats/multiplexer.ts";
import {
  eventSubjectRoot,
  snapshotBucket,
  streamName,
} from "../../internal/nats/names.ts";
import { ActorHistory } from "./read/actor_history.ts";
import { ActorTails } from "./read/actor_tails.ts";
import type { EventSources } from "../../event/event_sources.ts";
import { Appender } from "./save/appender.ts";
import { AllEvents } from "./read/all_events.ts";
import { EventWriter } from "./save/event_writer.ts";
import { Monitor } from "../instrumentation.ts";
import type { ResolvedOpen } from "./_open_options.ts";
import { openBucket } from "./snapshot/snapshot_bucket.ts";
import { checkServer } from "../../internal/nats/streams.ts";
import { openStream } from "./stream/stream.ts";
import { StreamReader } from "./stream/stream_reader.ts";
import { StreamSnapshots } from "./snapshot/stream_snapshots.ts";
import { TailCache } from "./read/tail_cache.ts";
import { Deadline } from "../../internal/waiting.ts";

/** The parts, once the stream is found. */
export interface StoreParts {
  readonly mux: Multiplexer;
  readonly root: string;
  readonly reader: StreamReader;
  readonly tails: ActorTails;
  readonly history: ActorHistory;
  readonly all: AllEvents;
  readonly writer: EventWriter;
  readonly appender: Appender;
  readonly snapshots: StreamSnapshots;
  readonly monitor: Monitor;
  readonly sources: EventSources;
}

/** Finds or makes the stream; begins anew when the connection drops. */
export async function openParts(
  mux: Multiplexer,
  options: ResolvedOpen,
): Promise<StoreParts> {
  const deadline = new Deadline(options.readTimeout);
  for (;;) {
    await mux.watch.connected({ timeout: deadline.left });
    try {
      await checkServer(mux, "open store");
      return await findParts(mux, options);
    } catch (error) {
      const isDown = error instanceof ConnectionLostError;
      if (!isDown || deadline.left === 0) throw error;
    }
  }
}

async function findParts(
  mux: Multiplexer,
  { prefix, namespace, create, settings, ...options }: ResolvedOpen,
): Promise<StoreParts> {
  const root = eventSubjectRoot(prefix, namespace);
  const stream = await openStream(
    mux,
    streamName(prefix, namespace),
    `${root}.>`,
    settings,
    create,
  );
  const reader = new StreamReader(mux, stream, options.readTimeout);
  const { replicas, storage } = stream;
  const bucket = await openBucket(mux, snapshotBucket(prefix, namespace), {
    create,
    replicas,
    storage,
    domain: () => reader.stream.domain,
  });
  const cache = new TailCache(options.cachedActors);
  const tails = new ActorTails(reader, cache, { prefix, namespace });
  const history = new ActorHistory(tails);
  const timeout = options.saveTimeout;
  const writer = new EventWriter(mux, history, tails, {
    timeout,
    grouping: options.groupSaves,
  });
  const appender = new Appender({ writer, tails, history, timeout });
  const snapshots = new StreamSnapshots(bucket, tails, history);
  const { sources, telemetry } = options;
  const monitor = new Monitor("nats", namespace, telemetry, sources);
  const all = new AllEvents(reader, root, cache, monitor.traces);
  return {
    mux,
    root,
    reader,
    tails,
    history,
    all,
    writer,
    appender,
    snapshots,
    monitor,
    sources,
  };
}
