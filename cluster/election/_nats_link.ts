/**
 * Elections over NATS.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { checkConnection } from "../../internal/nats/connection.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
  NoRespondersError,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import { isApiError, JetStreamCode } from "../../internal/nats/js_api.ts";
import { Multiplexer } from "../../internal/nats/multiplexer.ts";
import {
  clusterBucket,
  clusterSubjectRoot,
  encodeToken,
} from "../../internal/nats/names.ts";
import { JetStreamUnavailableError } from "../../internal/nats/stream_errors.ts";
import { traceLines } from "../../internal/telemetry/trace.ts";
import { Deadline, untilAborted } from "../../internal/waiting.ts";
import { ClusterBucket } from "../lease/bucket.ts";
import { BucketRegister } from "../lease/bucket_register.ts";
import { ConnectionCare } from "../lease/connection_care.ts";
import type { ElectionListener, OpenLink } from "./_link.ts";
import type { ResolvedJoin } from "./election_options.ts";

/** How long joining asks for an answer, in milliseconds. */
const JOIN_TIMEOUT_MS = 10_000;

/** How long the first attempt of asking waits for it, in milliseconds. */
const FIRST_ATTEMPT_MS = 500;

/** A revision that no key ever has. */
const NO_REVISION = Number.MAX_SAFE_INTEGER;

/**
 * Opens the cluster's bucket and finds out whether the lease may be read and
 * written.
 */
export async function openLink(
  nc: NatsConnection,
  options: ResolvedJoin,
  action: string,
): Promise<OpenLink> {
  const { cluster, prefix, create, replicas, signal } = options;
  checkConnection(nc, action);
  signal?.throwIfAborted();
  const key = `lease.${encodeToken(options.name)}`;
  let mux: Multiplexer | undefined;
  try {
    const opened = mux = new Multiplexer(nc, options.inboxPrefix);
    const open = async () => {
      const name = clusterBucket(prefix, cluster);
      const settings = { name, create, replicas };
      const bucket = await ClusterBucket.open(opened, settings, signal);
      await askAgain(async (timeout) => {
        const { bucket: life } = await bucket.read(key, timeout);
        const write = { key, bucket: life, expected: NO_REVISION, text: "" };
        await bucket.write(write, timeout);
      });
      return bucket;
    };
    const bucket = await untilAborted(open(), signal);
    const news = `${clusterSubjectRoot(prefix, cluster)}.${key}`;
    return (listener) =>
      makeLink(nc, opened, bucket, key, news, options, listener);
  } catch (error) {
    await mux?.[Symbol.asyncDispose]();
    if (signal?.aborted) throw signal.reason;
    throw errorOfJoin(error, action);
  }
}

/** Repeats what is not answered in time: a bucket may have no leader yet. */
async function askAgain(
  ask: (timeout: number) => Promise<void>,
): Promise<void> {
  const deadline = new Deadline(JOIN_TIMEOUT_MS);
  for (let timeout = FIRST_ATTEMPT_MS;; timeout *= 2) {
    try {
      return await ask(Math.min(timeout, Math.max(1, deadline.left)));
    } catch (error) {
      const isSilent = error instanceof RequestTimeoutError;
      if (!isSilent || deadline.left === 0) throw error;
    }
  }
}

function makeLink(
  nc: NatsConnection,
  mux: Multiplexer,
  bucket: ClusterBucket,
  key: string,
  news: string,
  { reconnect, settings }: ResolvedJoin,
  listener: ElectionListener,
): ReturnType<OpenLink> {
  const care = new ConnectionCare(
    nc,
    settings.retry,
    () => listener.reconnected(),
  );
  const subscription = mux.subscribe(news, (error) => {
    if (error === null) listener.changed();
    else listener.report(error); // others' news come with the next look
  });
  const unlisten = mux.watch.listen({
    up: () => listener.changed(),
    over: (reason) => listener.over(reason),
  });
  let reported: string | undefined;
  return {
    register: new BucketRegister(
      bucket,
      key,
      () => traceLines(listener.trace()),
    ),
    isNew: false,
    publish: () => {
      // It only hastens what the others find out by themselves.
      if (mux.watch.isUp && !mux.watch.isOver) mux.publish(news, "");
    },
    note: (error) => {
      if (reconnect) care.note(error);
      const name = error instanceof Error && !isTransient(error)
        ? error.message
        : undefined;
      if (name !== undefined && name !== reported) listener.report(error);
      if (name !== undefined || error === undefined) reported = name;
    },
    close: async () => {
      unlisten();
      if (!nc.isClosed()) subscription.unsubscribe();
      await mux[Symbol.asyncDispose]();
    },
  };
}

/** Whether asking again may help. */
function isTransient(error: unknown): boolean {
  return error instanceof RequestTimeoutError ||
    error instanceof ConnectionLostError ||
    error instanceof ConnectionClosedError ||
    error instanceof NoRespondersError ||
    isApiError(
      error,
      JetStreamCode.clusterNotAvailable,
      JetStreamCode.clusterNotLeader,
    );
}

/** The error that joining ends with, which says what could not be done. */
function errorOfJoin(error: unknown, action: string): unknown {
  if (!isTransient(error)) return error;
  const { message } = error as Error;
  if (error instanceof ConnectionClosedError) {
    return new ConnectionClosedError(
      `Cannot ${action}: the NATS connection is closed; connect, and join anew`,
      { cause: error, sent: error.sent },
    );
  }
  if (error instanceof ConnectionLostError) {
    return new ConnectionLostError(`Cannot ${action}: ${message}`, {
      cause: error,
      sent: error.sent,
    });
  }
  return new JetStreamUnavailableError(
    `Cannot ${action}: ${message}; look whether JetStream's servers run, most of them at least`,
    { cause: error },
  );
}
