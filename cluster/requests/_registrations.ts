/**
 * What a node is to do, registered before it starts.
 *
 * @module
 */

import { badType } from "../../internal/arguments.ts";
import { checkText, resolveHandle } from "./cluster_options.ts";
import type {
  ActorDefinition,
  HandleOptions,
  Handler,
  HostedActors,
  Registration,
} from "./handler.ts";
import type { ShardWork } from "./shard_work.ts";

/** The kinds of actors and the works of one node. */
export class Registrations {
  /** By kind. */
  readonly handlers: Map<string, Registration> = new Map();
  /** By name. */
  readonly works: Map<string, ShardWork> = new Map();
  readonly #hosted: HostedActors<never, unknown>[] = [];
  readonly #isClient: boolean;
  #isClosed = false;

  /** @param isClient Whether the node hosts nothing. */
  constructor(isClient: boolean) {
    this.#isClient = isClient;
  }

  /** How many hosted actors are in memory. */
  get active(): number {
    return this.#hosted.reduce((sum, { active }) => sum + active, 0);
  }

  /** The node starts: what comes later is an error. */
  close(): void {
    this.#isClosed = true;
  }

  /** As `ClusterManager.handle`. */
  handle<Payload, Reply>(
    kind: string,
    handler: Handler<Payload, Reply>,
    options: HandleOptions | undefined,
  ): void {
    const action = "register handler";
    checkText(kind, action, "kind");
    if (typeof handler !== "function") {
      throw badType(action, "handler", "a function", handler);
    }
    const ordered = resolveHandle(options, action);
    this.#check(action, "kind", kind, this.handlers);
    this.handlers.set(kind, {
      handler: handler as Handler<unknown, unknown>,
      ordered,
    });
  }

  /** As `ClusterManager.host`. */
  host<Payload, Reply>(
    kind: string,
    definition: ActorDefinition<Payload, Reply>,
  ): void {
    if (typeof Object(definition).open !== "function") {
      const must = "an actor definition, such as eventSourced() makes";
      throw badType("host actors", "definition", must, definition);
    }
    const hosted = definition.open();
    this.handle(kind, hosted.handler, undefined);
    this.#hosted.push(hosted);
  }

  /** As `ClusterManager.forOwnedShards`. */
  work(name: string, work: ShardWork): void {
    const action = "register work";
    checkText(name, action, "name");
    if (typeof Object(work).open !== "function") {
      const must = "work by shard, such as eachEvent() makes";
      throw badType(action, "work", must, work);
    }
    this.#check(action, "work", name, this.works);
    this.works.set(name, work);
  }

  /** The node serves a shard no more. */
  released(shard: number): void {
    for (const hosted of this.#hosted) hosted.released(shard);
  }

  /** The node has left. */
  end(): void {
    for (const hosted of this.#hosted) hosted.close();
  }

  #check(
    action: string,
    what: string,
    name: string,
    registered: ReadonlyMap<string, unknown>,
  ): void {
    if (this.#isClosed) {
      throw new TypeError(
        `Cannot ${action}: the cluster was started; register every ${what} before`,
      );
    }
    if (this.#isClient) {
      throw new TypeError(
        `Cannot ${action}: a client hosts nothing; ask for actors(kind), or make a manager of role "member"`,
      );
    }
    if (registered.has(name)) {
      throw new TypeError(
        `Cannot ${action}: ${what} ${
          JSON.stringify(name)
        } is registered already`,
      );
    }
  }
}
