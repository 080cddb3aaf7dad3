/**
 * One life of a node: from the moment it has its lease until others may have
 * replaced that.
 *
 * @module
 */

import { BucketRegister } from "../lease/bucket_register.ts";
import type { Reading } from "../lease/clock.ts";
import type { ClusterLink } from "../lease/cluster_link.ts";
import { LeaseKeeper } from "../lease/keeper.ts";
import type { LeaseEvent } from "../lease/protocol.ts";
import type { KeyPlace } from "../lease/key_values.ts";
import type { LeaseRegister, LeaseWrite, Sight } from "../lease/register.ts";
import type { LeaseSettings } from "../lease/settings.ts";
import { NODE_NEWS } from "./_contender.ts";
import { MARK_TTL_SECONDS, nodeKey } from "./lease_watch.ts";

/** What a life needs. */
export interface NodeLeaseOptions {
  readonly link: ClusterLink;
  readonly nodeId: string;
  readonly settings: LeaseSettings;
  /** What the lease tells of the node; JSON. */
  report(incarnation: string): unknown;
  /** The window has opened or closed. */
  changed(): void;
  /** The life has begun: the node has its lease. */
  granted(): void;
  /** The life is over: others may have replaced the lease. */
  lost(): void;
  /** Another process that is alive has the node's id. */
  taken(): void;
  /** A renewal is stored. */
  stored(place: KeyPlace): void;
}

/** Keeps the lease of a node, for one incarnation. */
export class NodeLease {
  /** Tells this life from all others. */
  readonly incarnation: string = crypto.randomUUID();
  readonly #options: NodeLeaseOptions;
  readonly #register: LeaseRegister;
  readonly #keeper: LeaseKeeper;
  #isGranted = false;
  #isOver = false;
  /** Whether the next write tells something that others wait for. */
  #isNews = true;
  /** Another process with the same id. */
  #other: Sight | undefined;

  constructor(options: NodeLeaseOptions) {
    this.#options = options;
    const { link, nodeId, settings } = options;
    this.#register = new BucketRegister(
      link.keys,
      nodeKey(nodeId),
      ({ released }) => released ? `Nats-TTL: ${MARK_TTL_SECONDS}s\r\n` : "",
    );
    this.#keeper = new LeaseKeeper({
      read: (timeout) => this.#register.read(timeout),
      write: (write, timeout) => this.#write(write, timeout),
    }, {
      holder: nodeId,
      incarnation: this.incarnation,
      settings,
      // Should two have an id that was never used, the later one is refused.
      isNameUnique: true,
      data: () => options.report(this.incarnation),
      onEvent: (event) => this.#happened(event),
      onSight: () => this.#look(),
      onOutcome: (error) => link.note(error),
    });
  }

  /** Begins to contend for the lease. */
  start(): void {
    this.#keeper.start();
  }

  /** Whether the node has its lease at this very moment. */
  isHeld(now: Reading): boolean {
    return !this.#isOver && this.#keeper.isHeld(now);
  }

  /** Whether the life has begun, and is not over. */
  get isAlive(): boolean {
    return this.#isGranted && !this.#isOver;
  }

  /** Tells others soon of what has changed. */
  refresh(): void {
    this.#isNews = true;
    this.#keeper.refresh();
  }

  /** Looks soon. */
  poke(): void {
    this.#keeper.poke();
  }

  /** Gives the lease up, and tells the others. */
  async release(): Promise<void> {
    this.#isNews = true;
    await this.#keeper.release(Promise.resolve());
    this.stop();
  }

  /** Keeps the lease no more, without a word. */
  stop(): void {
    this.#isOver = true;
    this.#keeper.stop();
  }

  async #write(
    write: LeaseWrite,
    timeout: number,
  ): Promise<number | undefined> {
    const isNews = this.#isNews;
    this.#isNews = false;
    let revision: number | undefined;
    try {
      revision = await this.#register.write(write, timeout);
    } finally {
      if (revision === undefined) this.#isNews ||= isNews;
    }
    if (revision === undefined) return undefined;
    const { link, stored } = this.#options;
    if (isNews) link.publish(NODE_NEWS, String(revision));
    stored({ bucket: write.bucket, revision });
    return revision;
  }

  #happened({ kind, ...event }: LeaseEvent): void {
    if (this.#isOver) return;
    if (kind === "granted") {
      const isResumed = "resumed" in event && event.resumed;
      // It has been lost in between, and others may have noticed.
      if (this.#isGranted && !isResumed) return this.#lose();
      if (!this.#isGranted) {
        this.#isGranted = true;
        this.#options.granted();
      }
    }
    this.#options.changed();
  }

  #look(): void {
    const { machine } = this.#keeper;
    const { sight } = machine.observation;
    if (this.#isOver || sight === undefined) return;
    const { record } = sight;
    if (record?.incarnation === this.incarnation) return;
    if (this.#isGranted) {
      // While its window is open, nobody can have taken the lease.
      if (machine.term === undefined && !machine.isLeaving) this.#lose();
      return;
    }
    if (record === undefined || record.released) return;
    const other = this.#other;
    const isAlive = other?.record?.incarnation === record.incarnation &&
      other.bucket === sight.bucket && other.revision !== sight.revision;
    this.#other = sight;
    if (isAlive) this.#options.taken();
  }

  #lose(): void {
    this.stop();
    this.#options.lost();
  }
}
