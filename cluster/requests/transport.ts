/**
 * How requests get from node to node: over NATS, or within this process.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import {
  NoRespondersError,
  permissionDenied,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import { isInTime } from "../../internal/waiting.ts";
import { Multiplexer } from "../../internal/nats/multiplexer.ts";
import { clusterSubjectRoot, encodeName } from "../../internal/nats/names.ts";

/** A node in one of its lives. */
export interface NodeAddress {
  readonly nodeId: string;
  readonly incarnation: string;
}

/** Answers a message. */
export type Receive = (message: Uint8Array) => Promise<Uint8Array>;

/** Carries requests. */
export interface RequestTransport {
  /** The most bytes of a message. */
  readonly maxBytes: number;
  /**
   * Has a node receive.
   *
   * @returns Stops that; resolves when all that has come in is answered.
   */
  serve(address: NodeAddress, receive: Receive): () => Promise<void>;
  /**
   * Sends a request. It fails with:
   *
   * - a NoRespondersError if the node is not there: nothing was sent
   * - a RequestTimeoutError if it does not answer in time
   * - a ConnectionLostError if the connection is down or drops; `sent` tells
   *   whether the request may have arrived
   *
   * @returns Gives up: neither is called any more.
   */
  send(
    address: NodeAddress,
    message: Uint8Array,
    timeout: number,
    replied: (reply: Uint8Array) => void,
    failed: (error: unknown) => void,
  ): () => void;
  close(): Promise<void>;
}

/** Where the requests of a cluster go over NATS. */
export interface NatsTransportOptions {
  readonly cluster: string;
  readonly prefix: string;
  readonly inboxPrefix: string | undefined;
  /** Told of what the server refuses. */
  readonly report: (error: unknown) => void;
}

/** The place of an incarnation in the subject by which rights are checked. */
const CHECK = "check";

const NOTHING = new Uint8Array();

/** The most subjects to remember. */
const MAX_SUBJECTS = 1_000;

/** How long a node that stops waits for what comes in, in milliseconds. */
const MAX_DRAIN_MS = 2_000;

/** Requests over NATS: a subject for each life of a node. */
export class NatsTransport implements RequestTransport {
  readonly #mux: Multiplexer;
  readonly #root: string;
  /** Of the nodes that are asked. */
  readonly #subjects = new Map<string, string>();
  readonly #report: (error: unknown) => void;

  constructor(
    nc: NatsConnection,
    { cluster, prefix, inboxPrefix, report }: NatsTransportOptions,
  ) {
    this.#mux = new Multiplexer(nc, inboxPrefix);
    this.#root = clusterSubjectRoot(prefix, cluster);
    this.#report = report;
  }

  get maxBytes(): number {
    return this.#mux.maxPayload;
  }

  /**
   * Finds out whether the node may send requests, and a member receive and
   * answer them: it sends one to itself.
   *
   * @throws {PermissionDeniedError} If it may not.
   * @throws {RequestTimeoutError} If the server does not answer in time.
   * @throws The signal's reason, if it is aborted.
   */
  async check(
    { nodeId, role }: { nodeId: string; role: "member" | "client" },
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const subject = this.#subjectOf({ nodeId, incarnation: CHECK });
    const refused = Promise.withResolvers<never>();
    refused.promise.catch(() => {});
    let inbox: string | undefined;
    const unlisten = this.#mux.watch.listen({
      denied: (error) => {
        if (error.subject === inbox) refused.reject(error);
      },
    });
    const subscription = role === "client"
      ? undefined
      : this.#mux.subscribe(subject, (error, message) => {
        if (error !== null) {
          refused.reject(permissionDenied("subscribe", subject));
          return;
        }
        inbox = message.reply;
        message.respond(NOTHING);
      });
    try {
      const answer = this.#mux.request(subject, NOTHING, { timeout, signal });
      await Promise.race([answer, refused.promise]);
    } catch (error) {
      if (!(error instanceof NoRespondersError)) throw error;
      // Its own subscription would have answered.
      if (role === "member") throw permissionDenied("subscribe", subject);
    } finally {
      unlisten();
      if (subscription?.isClosed() === false) subscription.unsubscribe();
    }
  }

  serve(address: NodeAddress, receive: Receive): () => Promise<void> {
    let answering = 0;
    const idle = Promise.withResolvers<void>();
    const answered = () => {
      if (--answering === 0 && subscription.isClosed()) idle.resolve();
    };
    const subscription = this.#mux.subscribe(
      this.#subjectOf(address),
      (error, message) => {
        if (error !== null) return this.#report(error);
        answering++;
        receive(message.data).then((reply) => {
          answered();
          message.respond(reply);
        }, (error) => {
          answered();
          throw error;
        }).catch(this.#report); // the connection may be closed
      },
    );
    return async () => {
      if (subscription.isClosed()) return;
      try {
        // What the server has sent by then comes in before.
        const drained = subscription.drain().catch(() => {});
        await isInTime(drained, MAX_DRAIN_MS);
        if (answering > 0) await isInTime(idle.promise, MAX_DRAIN_MS);
      } catch {
        // The connection is closed.
      }
    };
  }

  send(
    address: NodeAddress,
    message: Uint8Array,
    timeout: number,
    replied: (reply: Uint8Array) => void,
    failed: (error: unknown) => void,
  ): () => void {
    const token = this.#mux.call(
      {
        subject: this.#subjectOf(address),
        timeout,
        take: ({ data }) => {
          replied(data);
          return true;
        },
        fail: failed,
      },
      message,
      undefined,
    );
    return () => {
      if (token !== undefined) this.#mux.cancel(token);
    };
  }

  async close(): Promise<void> {
    await this.#mux[Symbol.asyncDispose]();
  }

  #subjectOf({ nodeId, incarnation }: NodeAddress): string {
    const key = incarnation + nodeId;
    let subject = this.#subjects.get(key);
    if (subject !== undefined) return subject;
    subject = `${this.#root}.request.${encodeName(nodeId)}.${incarnation}`;
    if (this.#subjects.size >= MAX_SUBJECTS) this.#subjects.clear();
    this.#subjects.set(key, subject);
    return subject;
  }
}

/** The nodes of this process, by cluster and address. */
const nodes = new Map<string, Receive>();

/** The longest time that a timer can wait, in milliseconds. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Requests within this process. */
export class LocalTransport implements RequestTransport {
  readonly maxBytes: number = Infinity;
  readonly #cluster: string;

  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  serve(address: NodeAddress, receive: Receive): () => Promise<void> {
    const key = this.#keyOf(address);
    nodes.set(key, receive);
    return () => {
      nodes.delete(key);
      return Promise.resolve();
    };
  }

  send(
    address: NodeAddress,
    message: Uint8Array,
    timeout: number,
    replied: (reply: Uint8Array) => void,
    failed: (error: unknown) => void,
  ): () => void {
    const key = this.#keyOf(address);
    const receive = nodes.get(key);
    let isOver = false;
    const settle = (tell: () => void) => {
      clearTimeout(timer);
      if (!isOver) tell();
      isOver = true;
    };
    const timer = setTimeout(
      () => settle(() => failed(new RequestTimeoutError(key, timeout))),
      Math.min(timeout, MAX_TIMEOUT_MS),
    );
    const answer = receive?.(message) ??
      Promise.reject(new NoRespondersError(key));
    answer.then(
      (reply) => settle(() => replied(reply)),
      (error) => settle(() => failed(error)),
    );
    return () => settle(() => {});
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #keyOf({ nodeId, incarnation }: NodeAddress): string {
    return JSON.stringify([this.#cluster, nodeId, incarnation]);
  }
}
