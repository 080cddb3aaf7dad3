/**
 * One ownership of a shard by this node: from its hook to its hook.
 *
 * @module
 */

import type { Report } from "../../internal/callbacks.ts";
import type { HeldShards, ShardEpoch } from "../map/held_shards.ts";
import { ShardHookError, ShardLostError } from "./errors.ts";

/** A shard that this node has come to own. */
export interface AcquiredShard extends ShardEpoch {
  /**
   * Aborted with a {@linkcode ShardLostError} when the node must begin nothing
   * more for the shard. What was begun has to stop then.
   */
  readonly signal: AbortSignal;
}

/** What is called as shards come and go. */
export interface TenancyHooks {
  /** Nothing is admitted before it settles. */
  readonly acquired: ((shard: AcquiredShard) => unknown) | undefined;
  /** Lets what was begun come to its end, once nothing is admitted. */
  readonly drain: ((shard: ShardEpoch) => unknown) | undefined;
  /** Runs after that, and before the shard is let go of. */
  readonly released: ((shard: ShardEpoch) => unknown) | undefined;
  /** How long each may take, in milliseconds. */
  readonly timeout: number;
  readonly report: Report;
  /** The shard is served from now on. */
  activated(): void;
}

/** One ownership of a shard. */
export class Tenancy {
  /** Which shard, and at which epoch. */
  readonly at: ShardEpoch;
  /** The shards of the node's life in which it began. */
  readonly life: HeldShards;
  readonly #hooks: TenancyHooks;
  readonly #controller: AbortController | undefined;
  readonly #started: Promise<void> | undefined;
  #isActive = false;
  #ended: Promise<void> | undefined;

  constructor(at: ShardEpoch, life: HeldShards, hooks: TenancyHooks) {
    this.at = at;
    this.life = life;
    this.#hooks = hooks;
    const { acquired } = hooks;
    if (acquired === undefined) {
      this.#isActive = true;
      return;
    }
    const { signal } = this.#controller = new AbortController();
    this.#started = this.#call(
      "onShardAcquired",
      () => acquired({ ...at, signal }),
    ).then(() => {
      if (this.#ended !== undefined) return;
      this.#isActive = true;
      hooks.activated();
    });
  }

  /** Whether the shard is served: its hook has settled, and it has not ended. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Ends it; resolves when the last hook has settled. */
  end(code: ShardLostError["code"]): Promise<void> {
    return this.#ended ??= this.#end(code);
  }

  async #end(code: ShardLostError["code"]): Promise<void> {
    this.#isActive = false;
    this.#controller?.abort(new ShardLostError(this.at, code));
    const { drain, released } = this.#hooks;
    await this.#started;
    if (drain !== undefined) {
      await this.#call("drain", () => drain(this.at));
    }
    if (released !== undefined) {
      await this.#call("onShardReleased", () => released(this.at));
    }
  }

  /** Calls a hook; reports what it throws, and that it takes too long. */
  #call(name: string, hook: () => unknown): Promise<void> {
    const { timeout, report } = this.#hooks;
    return new Promise((resolve) => {
      const fail = (how: string, options?: ErrorOptions) => {
        clearTimeout(timer);
        report(new ShardHookError(name, this.at, how, options));
        resolve();
      };
      const timer = setTimeout(
        () => fail(`has not settled within ${timeout} ms`),
        timeout,
      );
      const run = async () => await hook();
      run().then(() => {
        clearTimeout(timer);
        resolve();
      }, (cause) => fail("has failed", { cause }));
    });
  }
}
