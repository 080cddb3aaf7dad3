/**
 * The simulated way between processes and servers.
 *
 * @module
 */

import type {
  ClusterLink,
  LinkListener,
} from "../../../cluster/lease/cluster_link.ts";
import { RequestTimeoutError } from "../../../internal/nats/errors.ts";
import { Random } from "../../support/history/random.ts";
import { FAULTS_END, LONGEST_DELAY } from "../faults.ts";
import type { Timeline } from "../timeline.ts";
import type { Process } from "./_process.ts";
import type { Conditions } from "./_schedule.ts";
import { SimulatedServers } from "./_servers.ts";

/** How long news are under way at most, in milliseconds. */
const NEWS_DELAY = 20;

/** A node's way to the servers, over all its processes. */
export interface Way {
  /** Until when messages are lost, by direction. */
  requests: number;
  replies: number;
  /** As of when it has last heard what the servers have. */
  heardAsOf: number;
}

interface Listener {
  readonly process: Process;
  readonly way: Way;
  hear(topic: string, text: string): void;
}

/** Loses, delays and doubles messages. */
export class Network {
  readonly servers: SimulatedServers = new SimulatedServers();
  outUntil = 0;
  staleSince = 0;
  staleUntil = 0;
  /** What was sent before this time, and has not come, is lost. */
  lostBefore = 0;
  /** Nothing is late before this time. */
  promptUntil = 0;
  readonly #timeline: Timeline;
  readonly #conditions: Conditions;
  readonly #random: Random;
  readonly #listeners = new Set<Listener>();

  constructor(timeline: Timeline, conditions: Conditions, seed: number) {
    this.#timeline = timeline;
    this.#conditions = conditions;
    this.#random = new Random(seed);
  }

  /** A process's link to the cluster. */
  open(process: Process, way: Way, { report }: LinkListener): ClusterLink {
    const { servers } = this;
    let incarnation = servers.bucket;
    const ask = <T>(
      timeout: number,
      serve: (now: number, asOf: number) => T,
    ) => this.#ask(process, way, timeout, serve);
    const heard = new Map<string, (text: string) => void>();
    const listener: Listener = {
      process,
      way,
      hear: (topic, text) => heard.get(topic)?.(text),
    };
    this.#listeners.add(listener);
    return {
      keys: {
        get incarnation() {
          return incarnation;
        },
        maxBytes: Infinity,
        read: async (key, timeout) => {
          const entry = await ask(
            timeout,
            (_, asOf) => servers.read(key, asOf),
          );
          incarnation = entry.bucket;
          return entry;
        },
        readNewer: (key, than, timeout) => {
          const bucket = incarnation;
          return ask(
            timeout,
            (_, asOf) => servers.readNewer(key, bucket, than, asOf),
          );
        },
        readSince: (prefix, after, timeout) => {
          const bucket = incarnation;
          return ask(
            timeout,
            // Any server may answer, and some are behind.
            (_, asOf) =>
              servers.readSince(prefix, bucket, after, this.#behind(asOf)),
          );
        },
        write: (write, timeout) =>
          ask(timeout, (now) => servers.write(write, now)),
      },
      publish: (topic, text) => this.#publish(way, topic, text),
      subscribe: (topic, hear) => {
        heard.set(topic, hear);
      },
      note: (error) => {
        const isSilent = error instanceof RequestTimeoutError;
        if (error !== undefined && !isSilent) report(error);
      },
      close: () => {
        this.#listeners.delete(listener);
        return Promise.resolve();
      },
    };
  }

  #ask<T>(
    process: Process,
    way: Way,
    timeout: number,
    serve: (now: number, asOf: number) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new RequestTimeoutError("the servers", timeout)),
        timeout,
      );
      const { now } = this.#timeline;
      const isLost = () => this.#random.chance(this.#chaos.lost);
      const arrival = now + this.#delay();
      if (isLost() || now < way.requests || now < this.outUntil) return;
      this.#timeline.at(arrival, () => {
        const isGone = now < this.lostBefore && arrival >= this.lostBefore;
        if (isGone || this.#timeline.now < this.outUntil) return;
        const asOf = this.#asOf();
        const answer = serve(arrival, asOf);
        const times = this.#random.chance(this.#chaos.doubled) ? 2 : 1;
        for (let i = 0; i < times; i++) {
          if (isLost() || this.#timeline.now < way.replies) continue;
          this.#timeline.at(this.#timeline.now + this.#delay(), () => {
            process.run(() => {
              clearTimeout(timer);
              way.heardAsOf = Math.max(way.heardAsOf, asOf);
              resolve(answer);
            });
          });
        }
      });
    });
  }

  #publish(from: Way, topic: string, text: string): void {
    const { now } = this.#timeline;
    if (now < from.requests || now < this.outUntil) return;
    for (const { process, way, hear } of this.#listeners) {
      if (this.#random.chance(this.#chaos.lost) || now < way.replies) continue;
      const at = now + this.#random.next() * NEWS_DELAY;
      this.#timeline.at(at, () => process.run(() => hear(topic, text)));
    }
  }

  get #chaos(): Conditions {
    if (this.#timeline.now < FAULTS_END) return this.#conditions;
    return { ...this.#conditions, lost: 0, late: 0, doubled: 0, stale: 0 };
  }

  #delay(): number {
    const isLate = this.#random.chance(this.#chaos.late);
    return isLate && this.#timeline.now >= this.promptUntil
      ? this.#random.next() * LONGEST_DELAY
      : 1 + this.#random.next() * 100;
  }

  /** As of when a read is answered that is served now. */
  #asOf(): number {
    const { now } = this.#timeline;
    if (now < this.staleUntil && this.#random.chance(0.5)) {
      return this.staleSince;
    }
    return now;
  }

  /** As of when a server answers that may be behind. */
  #behind(asOf: number): number {
    const isStale = this.#random.chance(this.#chaos.stale);
    return isStale ? asOf - this.#random.next() * 10_000 : asOf;
  }
}
