/**
 * One request at the node that owns its actor.
 *
 * @module
 */

import { ShardLostError } from "../shards/errors.ts";
import type { HandlerContext } from "./handler.ts";
import type { Envelope } from "./envelope.ts";

/** What a job asks of its shard. */
export interface ShardAccess {
  admits(shard: number, epoch: number): boolean;
  holds(shard: number, epoch: number): boolean;
}

/** A request that waits for its turn, or is being handled. */
export class Job implements HandlerContext {
  readonly envelope: Envelope;
  readonly shard: number;
  readonly epoch: number;
  readonly #access: ShardAccess;
  #controller: AbortController | undefined;
  #deadline: number;
  #isLost = false;

  constructor(
    envelope: Envelope,
    { shard, epoch }: { shard: number; epoch: number },
    deadline: number,
    access: ShardAccess,
  ) {
    this.envelope = envelope;
    this.shard = shard;
    this.epoch = epoch;
    this.#deadline = deadline;
    this.#access = access;
  }

  get deadline(): number {
    return this.#deadline;
  }

  /** Somebody waits until then, too. */
  extend(deadline: number): void {
    this.#deadline = Math.max(this.#deadline, deadline);
  }

  get kind(): string {
    return this.envelope.kind;
  }

  get actorId(): string {
    return this.envelope.actorId;
  }

  get commandId(): string | undefined {
    return this.envelope.commandId;
  }

  get trace(): Envelope["trace"] {
    return this.envelope.trace;
  }

  /** Made when it is asked for: few handlers do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isLost) this.#abort();
    return this.#controller.signal;
  }

  isOwner(): boolean {
    return this.#access.holds(this.shard, this.epoch);
  }

  /** Whether it may begin right now. */
  mayBegin(): boolean {
    return this.#access.admits(this.shard, this.epoch);
  }

  /** Looks whether the node still holds the shard; tells the handler if not. */
  look(): void {
    if (this.#isLost || this.isOwner()) return;
    this.#isLost = true;
    this.#abort();
  }

  #abort(): void {
    const { shard, epoch } = this;
    this.#controller?.abort(new ShardLostError({ shard, epoch }, "lapsed"));
  }
}
