/**
 * Clusters over NATS.
 *
 * @module
 */

import type { NatsConnection, Subscription } from "@nats-io/nats-core";
import { checkConnection } from "../../internal/nats/connection.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
  namingCall,
  NoRespondersError,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import { isApiError, JetStreamCode } from "../../internal/nats/js_api.ts";
import { Multiplexer } from "../../internal/nats/multiplexer.ts";
import {
  clusterBucket,
  clusterSubjectRoot,
} from "../../internal/nats/names.ts";
import { JetStreamUnavailableError } from "../../internal/nats/stream_errors.ts";
import { Deadline, untilAborted } from "../../internal/waiting.ts";
import { ClusterBucket } from "./bucket.ts";
import type {
  ClusterLink,
  LinkListener,
  OpenClusterLink,
} from "./cluster_link.ts";
import { ConnectionCare } from "./connection_care.ts";
import { RepeatedErrors } from "./repeated_errors.ts";

/** Which cluster, and how it is reached. */
export interface NatsLinkOptions {
  readonly cluster: string;
  readonly prefix: string;
  /** Whether to make the bucket if it is not there. */
  readonly create: boolean;
  readonly replicas: number | undefined;
  /** Whether the connection may be asked to reconnect. */
  readonly reconnect: boolean;
  readonly inboxPrefix: string | undefined;
  /** How long requests wait for their answers, in milliseconds. */
  readonly retry: number;
  readonly signal: AbortSignal | undefined;
  /** Keys that must be readable, and writable if they are to be written. */
  readonly keys: readonly { readonly key: string; readonly writes: boolean }[];
}

/** How long opening asks for an answer, in milliseconds. */
const OPEN_TIMEOUT_MS = 10_000;

/** How long the first attempt of asking waits for it, in milliseconds. */
const FIRST_ATTEMPT_MS = 500;

/** A revision that no key ever has. */
const NO_REVISION = Number.MAX_SAFE_INTEGER;

/**
 * Opens a cluster's bucket and finds out whether its keys may be read and
 * written.
 */
export async function openNatsLink(
  nc: NatsConnection,
  options: NatsLinkOptions,
  action: string,
): Promise<OpenClusterLink> {
  const { cluster, prefix, create, replicas, signal } = options;
  checkConnection(nc, action);
  signal?.throwIfAborted();
  let mux: Multiplexer | undefined;
  try {
    const opened = mux = new Multiplexer(nc, options.inboxPrefix);
    const open = async () => {
      const name = clusterBucket(prefix, cluster);
      const settings = { name, action, create, replicas };
      const bucket = await ClusterBucket.open(opened, settings, signal);
      for (const { key, writes } of options.keys) {
        await askAgain(async (timeout) => {
          const { bucket: life } = await bucket.read(key, timeout);
          if (!writes) return;
          const write = { key, bucket: life, expected: NO_REVISION, data: "" };
          await bucket.write(write, timeout);
        });
      }
      return bucket;
    };
    const bucket = await untilAborted(open(), signal);
    return (listener) => makeLink(nc, opened, bucket, options, listener);
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
  const deadline = new Deadline(OPEN_TIMEOUT_MS);
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
  { cluster, prefix, reconnect, retry }: NatsLinkOptions,
  listener: LinkListener,
): ClusterLink {
  const root = clusterSubjectRoot(prefix, cluster);
  const care = new ConnectionCare(nc, retry, () => listener.reconnected());
  /** What is published and subscribed to; false once it was refused. */
  const subjects = new Map<string, boolean>();
  const unlisten = mux.watch.listen({
    up: () => listener.up(),
    over: (reason) => listener.over(reason),
    denied: (error) => {
      if (!subjects.get(error.subject)) return;
      subjects.set(error.subject, false);
      listener.report(error); // others' news come with the next look
    },
  });
  const subscriptions: Subscription[] = [];
  const repeated = new RepeatedErrors();
  return {
    keys: bucket,
    publish: (topic, text) => {
      if (!mux.watch.isUp || mux.watch.isOver) return;
      const subject = `${root}.${topic}`;
      if (!subjects.has(subject)) subjects.set(subject, true);
      mux.publish(subject, text);
    },
    subscribe: (topic, heard) => {
      const subject = `${root}.${topic}`;
      subjects.set(subject, true);
      subscriptions.push(
        mux.subscribe(subject, (error, msg) => {
          if (error === null) heard(msg.string());
          // By name: a program may hold two copies of nats-core.
          else if (error.name !== "PermissionViolationError") {
            listener.report(error);
          }
        }),
      );
    },
    note: (error) => {
      if (reconnect) care.note(error);
      if (error === undefined || isTransient(error)) return;
      if (repeated.isNews(error)) listener.report(error);
    },
    close: async () => {
      unlisten();
      for (const subscription of subscriptions) {
        if (!nc.isClosed()) subscription.unsubscribe();
      }
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
  if (!isTransient(error)) return namingCall(action, error);
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
