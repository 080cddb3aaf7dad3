/**
 * One attempt of a request, at one owner.
 *
 * @module
 */

import { RequestTimeoutError } from "../../internal/nats/errors.ts";
import type { ShardOwnership } from "../shards/shard_engine.ts";
import {
  asReceived,
  decodeReply,
  encodeRequest,
  type Envelope,
  mayExceed,
  type Reply,
} from "./envelope.ts";
import { Expiries, type Expiring } from "./_expiries.ts";
import type { Owners } from "./_owners.ts";
import type { RequestHost } from "./request_host.ts";
import type { RequestTransport } from "./transport.ts";

/** What an attempt came to. */
export type Outcome =
  | Reply
  /** Its node could not be reached, or its answer did not arrive. */
  | { readonly type: "unreachable"; readonly error: Error }
  /** It was not sent: it takes so many bytes. */
  | { readonly type: "too-large"; readonly size: number };

/** How an attempt may end before its answer is there. */
export interface AttemptOptions {
  readonly signal: AbortSignal | undefined;
  /** Whether to give up at once when there is a later owner. */
  readonly hasty: boolean;
  /** Milliseconds until an owner elsewhere is given up. */
  readonly patience: number;
}

/**
 * How long the answer of a node that has left may be on its way, in
 * milliseconds.
 */
const MAX_LATENESS_MS = 1_000;

/** Asks owners. */
export class Attempts {
  readonly #owners: Owners;
  readonly #host: RequestHost;
  readonly #transport: RequestTransport;
  readonly #expiries = new Expiries();
  #isOver = false;

  constructor(owners: Owners, host: RequestHost, transport: RequestTransport) {
    this.#owners = owners;
    this.#host = host;
    this.#transport = transport;
  }

  /** The most bytes of a request. */
  get maxBytes(): number {
    return this.#transport.maxBytes;
  }

  /** Gives up what is under way. */
  close(): void {
    this.#isOver = true;
    this.#owners.changed();
    this.#expiries.close();
  }

  /**
   * Asks the owner once.
   *
   * @throws The signal's reason, if it is aborted.
   */
  ask(
    request: Envelope,
    shard: number,
    owner: ShardOwnership,
    options: AttemptOptions,
  ): Outcome | Promise<Outcome> {
    return this.#owners.isSelf(owner)
      ? this.#askSelf(request, shard, options.signal)
      : this.#send(request, shard, owner, options);
  }

  /** Asks this node, which copies payload and reply as others do. */
  #askSelf(
    request: Envelope,
    shard: number,
    signal: AbortSignal | undefined,
  ): Outcome | Promise<Outcome> {
    const { maxBytes } = this;
    if (mayExceed(request.body, maxBytes)) {
      const size = encodeRequest(request).length;
      if (size > maxBytes) return { type: "too-large", size };
    }
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        this.#expiries.delete(expiring);
        signal?.removeEventListener("abort", aborted);
        end();
      };
      const aborted = () => settle(() => reject(signal!.reason));
      const expiring: Expiring = {
        deadline: performance.now() + request.timeLeft,
        expired: () =>
          settle(() => {
            if (this.#isOver) return resolve({ type: "lost" });
            const { timeLeft } = request;
            const error = new RequestTimeoutError("this node", timeLeft);
            resolve({ type: "unreachable", error });
          }),
      };
      this.#expiries.add(expiring);
      signal?.addEventListener("abort", aborted);
      this.#host.receive(request, shard).then(
        (reply) => settle(() => resolve(asReceived(reply, maxBytes))),
        (error) => settle(() => reject(error)),
      );
    });
  }

  #send(
    request: Envelope,
    shard: number,
    owner: ShardOwnership,
    { signal, hasty, patience }: AttemptOptions,
  ): Outcome | Promise<Outcome> {
    const message = encodeRequest(request);
    const size = message.length;
    if (size > this.maxBytes) return { type: "too-large", size };
    return new Promise((resolve, reject) => {
      let late: ReturnType<typeof setTimeout> | undefined;
      const end = () => {
        if (late !== undefined) clearTimeout(late);
        unlisten();
        signal?.removeEventListener("abort", aborted);
      };
      const settle = (outcome: Outcome) => {
        end();
        resolve(outcome);
      };
      const aborted = () => {
        cancel();
        end();
        reject(signal!.reason);
      };
      const giveUp = () => {
        cancel();
        settle({ type: "lost" });
      };
      const unlisten = this.#owners.listen(() => {
        if (this.#isOver) return giveUp();
        if (this.#owners.epochOf(shard) <= owner.epoch) return;
        if (hasty) return giveUp();
        // A member answers everything, and what it said before it left comes.
        if (this.#owners.routing.isMember(owner)) return;
        late ??= setTimeout(giveUp, MAX_LATENESS_MS);
      });
      signal?.addEventListener("abort", aborted);
      const cancel = this.#transport.send(
        owner,
        message,
        patience,
        (reply) => settle(readReply(reply)),
        (error) => settle({ type: "unreachable", error: error as Error }),
      );
    });
  }
}

/** What a reply says; one that can't be read is as good as none. */
function readReply(message: Uint8Array): Outcome {
  try {
    return decodeReply(message);
  } catch (error) {
    return { type: "unreachable", error: error as Error };
  }
}
