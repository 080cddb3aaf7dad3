/**
 * The life of a cluster manager: it starts once, and leaves once.
 *
 * @module
 */

import { NodeLeftError } from "../members/errors.ts";
import { NodeList } from "../members/node_list.ts";
import { type ManagerParts, START } from "./_manager_parts.ts";
import type { ClusterHealth } from "./metrics.ts";
import type { Registrations } from "./_registrations.ts";
import { RunningNode } from "./_running_node.ts";

/** Starts a manager's node and ends it. */
export class ManagerLife {
  /** The members as far as the node knows. */
  readonly nodes: NodeList = new NodeList();
  readonly #parts: ManagerParts;
  readonly #registrations: Registrations;
  readonly #ready = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();
  #isReady = false;
  #starting: Promise<void> | undefined;
  #running: RunningNode | undefined;
  #leaving: Promise<void> | undefined;
  #state: ClusterHealth["state"] = "new";
  #error: Error | undefined;

  constructor(parts: ManagerParts, registrations: Registrations) {
    this.#parts = parts;
    this.#registrations = registrations;
    // Whoever awaits them hears of it.
    this.ready.catch(() => {});
    this.left.catch(() => {});
  }

  /** As `ClusterManager.ready`. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** As `ClusterManager.left`. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** The node, once it has started; it stays when it has left. */
  get running(): RunningNode | undefined {
    return this.#running;
  }

  /**
   * The node.
   *
   * @param late Whether it may have left.
   * @throws {TypeError} If it was not started.
   */
  node(action: string, late = false): RunningNode {
    const running = this.#running;
    if (running !== undefined && (late || this.#state !== "left")) {
      return running;
    }
    if (this.#state === "left") throw this.#error ?? new NodeLeftError(action);
    throw new TypeError(
      `Cannot ${action}: the cluster was not started; await start() before`,
    );
  }

  /** As `ClusterManager.health`. */
  health(): ClusterHealth {
    const engine = this.#running?.engine;
    return Object.freeze({
      state: this.#state,
      isReady: this.#isReady,
      owned: engine?.owned().length ?? 0,
      mapAge: engine?.membership.mapAge ?? Infinity,
      error: this.#error,
    });
  }

  /** As `ClusterManager.start`. */
  start(): Promise<void> {
    if (this.#state === "leaving" || this.#state === "left") {
      return Promise.reject(this.#error ?? new NodeLeftError(START));
    }
    return this.#starting ??= this.#start();
  }

  /** As `ClusterManager.leave`. */
  leave(timeout: number): Promise<void> {
    return this.#leaving ??= this.#leave(timeout);
  }

  async #start(): Promise<void> {
    this.#state = "starting";
    this.#registrations.close();
    try {
      this.#running = await RunningNode.start(
        this.#parts,
        this.#registrations,
        {
          applied: ({ members }) => this.nodes.apply(members),
          changed: () => this.#look(),
          failed: (reason) => this.#end(reason),
        },
      );
      if (this.#state === "starting") this.#state = "running";
      this.#look();
    } catch (error) {
      this.#state = "left";
      const reason = error instanceof Error ? error : new Error(String(error));
      this.#error = reason;
      this.#ready.reject(reason);
      this.#left.reject(reason);
      this.nodes.end();
      this.#leaving ??= Promise.resolve();
      throw error;
    }
  }

  async #leave(timeout: number): Promise<void> {
    this.#registrations.close();
    // One that is starting leaves when it has.
    await this.#starting?.catch(() => {});
    if (this.#state === "left") return;
    this.#state = "leaving";
    await this.#running?.engine.leave(timeout);
    this.#state = "left";
    await this.#stop(new NodeLeftError("request actor"));
    this.#ready.reject(new NodeLeftError("become ready"));
    this.nodes.end();
    this.#left.resolve();
  }

  /** An error has ended it. */
  #end(reason: Error): void {
    this.#state = "left";
    this.#error = reason;
    this.#ready.reject(reason);
    this.nodes.end(reason);
    this.#leaving ??= Promise.resolve();
    this.#stop(reason).finally(() => this.#left.reject(reason));
  }

  async #stop(reason: Error): Promise<void> {
    this.#registrations.end();
    await this.#running?.stop(reason);
  }

  /** Looks what has changed. */
  #look(): void {
    this.#running?.look();
    if (this.#isReady || !this.#running?.engine.isSettled()) return;
    this.#isReady = true;
    this.#ready.resolve();
  }
}
