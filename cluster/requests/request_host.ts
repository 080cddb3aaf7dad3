/**
 * The side of a node that handles requests.
 *
 * @module
 */

import type { ShardEpoch } from "../map/held_shards.ts";
import type { Report } from "../../internal/callbacks.ts";
import type { ShardEngine } from "../shards/shard_engine.ts";
import { type Envelope, fromBody, type Reply, toBody } from "./envelope.ts";
import { ActorHandlerError } from "./errors.ts";
import { failureOf } from "./_handler_failure.ts";
import type { Registration } from "./handler.ts";
import { Job } from "./_job.ts";
import { SupersededAttempts } from "./_superseded_attempts.ts";

/** How long a request that is ahead of this node's map is held, at most. */
const MAX_HOLD_MS = 2_000;

/** How much may wait at a node. */
export interface QueueLimits {
  /** Requests of one actor that may wait, beside the one that is handled. */
  readonly maxQueuedPerActor: number;
  /** Requests that may wait or be handled at a node, together. */
  readonly maxQueued: number;
}

/** Counts since a node has started; each only rises. */
export interface HostCounters {
  handled: number;
  failed: number;
  notOwned: number;
  overloaded: number;
  expired: number;
  withheld: number;
}

/** The shards of this node. */
export type HostEngine = Pick<
  ShardEngine,
  "admits" | "epochOf" | "holds" | "map" | "ownerOf"
>;

/** A request, and what it will be answered with. */
interface Pending {
  readonly job: Job;
  readonly reply: Promise<Reply>;
}

/** One that waits. */
interface Waiting extends Pending {
  readonly done: (reply: Reply) => void;
}

/** Requests of one actor, in the order in which they came in. */
interface ActorQueue {
  readonly shard: number;
  /** The one that is handled. */
  current: Pending | undefined;
  readonly waiting: Waiting[];
}

/** Handles requests of the actors that this node owns. */
export class RequestHost {
  /** What is counted. */
  readonly counters: HostCounters = {
    handled: 0,
    failed: 0,
    notOwned: 0,
    overloaded: 0,
    expired: 0,
    withheld: 0,
  };
  readonly #engine: HostEngine;
  readonly #handlers: ReadonlyMap<string, Registration>;
  readonly #limits: QueueLimits;
  readonly #report: Report;
  /** By kind and actor, while there is a request. */
  readonly #queues: ReadonlyMap<string, Map<string, ActorQueue>>;
  /** Calls of unordered kinds that may be sent again, by their ids. */
  readonly #unordered = new Map<string, Promise<Reply>>();
  readonly #running = new Set<Job>();
  readonly #superseded = new SupersededAttempts();
  readonly #waiters = new Set<() => void>();
  readonly #drains = new Map<number, PromiseWithResolvers<void>>();
  #waiting = 0;
  #isClosed = false;

  constructor(
    engine: HostEngine,
    handlers: ReadonlyMap<string, Registration>,
    limits: QueueLimits,
    report: Report,
  ) {
    this.#engine = engine;
    this.#handlers = handlers;
    this.#queues = new Map(
      [...handlers.keys()].map((kind) => [kind, new Map()]),
    );
    this.#limits = limits;
    this.#report = report;
  }

  /** Requests that are held, wait or are handled right now. */
  get load(): number {
    return this.#waiters.size + this.#waiting + this.#running.size;
  }

  /**
   * Takes a request. It is answered when it was handled, or when it is certain
   * that it won't be.
   */
  async receive(envelope: Envelope, shard: number): Promise<Reply> {
    const deadline = performance.now() + envelope.timeLeft;
    let epoch = this.#engine.epochOf(shard);
    if (epoch === undefined) {
      if (this.load >= this.#limits.maxQueued) return this.#overloaded();
      epoch = await this.#untilOwned(envelope, shard, deadline);
    }
    // Neither one that is ahead, nor one that was on its way through a hand-over.
    if (epoch !== envelope.epoch) return this.#notOwner(shard);
    if (this.#superseded.isLate(envelope.attempt)) return this.#expired();
    const registration = this.#handlers.get(envelope.kind);
    if (registration === undefined) return { type: "unknown-kind" };
    const job = new Job(envelope, { shard, epoch }, deadline, this.#engine);
    return await this.#enqueue(job, registration);
  }

  /** Something about this node's shards may have changed. */
  changed(): void {
    for (const look of [...this.#waiters]) look();
    for (const job of this.#running) job.look();
  }

  /**
   * Resolves when nothing of a shard is handled any more. What waits is turned
   * away; the engine admits nothing new by now.
   */
  drain({ shard }: ShardEpoch): Promise<void> {
    const queues = [...this.#queues.values()].flatMap((
      kind,
    ) => [...kind.values()]);
    for (const queue of queues) {
      if (queue.shard !== shard) continue;
      for (const { done } of queue.waiting.splice(0)) {
        this.#waiting--;
        done(this.#notOwner(shard));
      }
    }
    if (!this.#handles(shard)) return Promise.resolve();
    const drain = Promise.withResolvers<void>();
    this.#drains.set(shard, drain);
    return drain.promise;
  }

  /** Lets nothing wait any more. */
  close(): void {
    this.#isClosed = true;
    for (const look of [...this.#waiters]) look();
  }

  /**
   * The epoch at which this node owns a shard, where the request or the map
   * tells that it is about to.
   */
  #untilOwned(
    { epoch }: Envelope,
    shard: number,
    deadline: number,
  ): Promise<number | undefined> {
    const engine = this.#engine;
    const isAhead = () => epoch > (engine.ownerOf(shard)?.epoch ?? -1);
    const isAboutTo = () => isAhead() || this.#ownsByMap(shard);
    if (!isAboutTo()) return Promise.resolve(undefined);
    const most = Math.min(deadline, performance.now() + MAX_HOLD_MS);
    return new Promise((resolve) => {
      const settle = (found: number | undefined) => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve(found);
      };
      const look = () => {
        const found = engine.epochOf(shard);
        if (found !== undefined && found >= epoch) settle(found);
        else if (this.#isClosed || !isAboutTo()) settle(undefined);
      };
      const timer = setTimeout(
        () => settle(undefined),
        Math.max(0, most - performance.now()),
      );
      this.#waiters.add(look);
      look();
    });
  }

  /** Whether the newest map says that this node is to serve a shard. */
  #ownsByMap(shard: number): boolean {
    const owner = this.#engine.ownerOf(shard);
    return owner !== undefined && this.#engine.holds(shard, owner.epoch);
  }

  #notOwner(shard: number): Reply {
    this.counters.notOwned++;
    const owner = this.#engine.ownerOf(shard);
    const epoch = owner?.epoch ?? this.#engine.map?.epochs[shard] ?? 0;
    return { type: "not-owner", epoch, owner: owner?.nodeId };
  }

  #enqueue(job: Job, registration: Registration): Promise<Reply> {
    const queues = this.#queues.get(job.kind)!;
    let queue = queues.get(job.actorId);
    const same = queue && findCall(queue, job);
    if (same !== undefined) return same;
    if (this.load >= this.#limits.maxQueued) return this.#overloaded();
    if (!registration.ordered) return this.#runUnordered(job, registration);
    if (queue === undefined) {
      queue = { shard: job.shard, current: undefined, waiting: [] };
      queues.set(job.actorId, queue);
      const reply = this.#runThenNext(job, registration, queue);
      queue.current = { job, reply };
      return reply;
    }
    if (queue.waiting.length >= this.#limits.maxQueuedPerActor) {
      return this.#overloaded();
    }
    this.#waiting++;
    const { promise: reply, resolve: done } = Promise.withResolvers<Reply>();
    queue.waiting.push({ job, reply, done });
    return reply;
  }

  #expired(): Reply {
    this.counters.expired++;
    return { type: "expired" };
  }

  #overloaded(): Promise<Reply> {
    this.counters.overloaded++;
    return Promise.resolve({ type: "overloaded" });
  }

  /** Handles a request at once; one that is sent again meanwhile is the same. */
  #runUnordered(job: Job, registration: Registration): Promise<Reply> {
    const id = job.envelope.attempt?.id;
    if (id === undefined) return this.#run(job, registration);
    const same = this.#unordered.get(id);
    if (same !== undefined) return same;
    const reply = this.#run(job, registration)
      .finally(() => this.#unordered.delete(id));
    this.#unordered.set(id, reply);
    return reply;
  }

  async #runThenNext(
    job: Job,
    registration: Registration,
    queue: ActorQueue,
  ): Promise<Reply> {
    const reply = await this.#run(job, registration);
    const next = queue.waiting.shift();
    if (next === undefined) this.#queues.get(job.kind)!.delete(job.actorId);
    else {
      this.#waiting--;
      queue.current = next;
      this.#runThenNext(next.job, registration, queue).then(next.done);
    }
    return reply;
  }

  /** Handles a request; never rejects. */
  async #run(job: Job, { handler }: Registration): Promise<Reply> {
    if (performance.now() >= job.deadline) return this.#expired();
    if (!job.mayBegin()) return this.#notOwner(job.shard);
    this.#running.add(job);
    let reply: Reply;
    let error: unknown;
    try {
      const result = await handler(job, fromBody(job.envelope.body));
      const body = toBody(result, "reply", "reply");
      reply = { type: "done", epoch: job.epoch, body };
      this.counters.handled++;
    } catch (thrown) {
      error = thrown;
      reply = { type: "failed", epoch: job.epoch, failure: failureOf(thrown) };
      this.counters.failed++;
    }
    // Asked before the shard is let go of, which waits for this.
    const isHeld = job.isOwner();
    this.#running.delete(job);
    const drain = this.#drains.get(job.shard);
    if (drain !== undefined && !this.#handles(job.shard)) {
      this.#drains.delete(job.shard);
      drain.resolve();
    }
    if (!isHeld) {
      this.counters.withheld++;
      return { type: "lost" };
    }
    if (reply.type === "failed" && reply.failure.code === undefined) {
      this.#report(new ActorHandlerError(job, reply.failure, { cause: error }));
    }
    return reply;
  }

  #handles(shard: number): boolean {
    for (const job of this.#running) if (job.shard === shard) return true;
    return false;
  }
}

/**
 * The reply to a call that is being handled or waits already: it was sent again
 * by a caller that has not heard of it.
 */
function findCall(
  { current, waiting }: ActorQueue,
  { envelope: { attempt }, deadline }: Job,
): Promise<Reply> | undefined {
  if (attempt === undefined) return undefined;
  const isSame = ({ job }: Pending) => job.envelope.attempt?.id === attempt.id;
  if (current !== undefined && isSame(current)) return current.reply;
  const found = waiting.find(isSame);
  found?.job.extend(deadline);
  return found?.reply;
}
