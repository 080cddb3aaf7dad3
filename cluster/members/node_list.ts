/**
 * The nodes of the newest map, and iterations that follow them.
 *
 * @module
 */

import {
  checkSignal,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import { Latest } from "../../internal/latest.ts";
import type { MapMember } from "../map/cluster_map.ts";
import {
  type ClusterNode,
  type FollowClusterOptions,
  nodesOf,
} from "./cluster_node.ts";

const FOLLOW_OPTIONS: OptionNames<FollowClusterOptions> = { signal: true };

/** The members of a cluster as they change. */
export class NodeList {
  readonly #nodes = new Latest<readonly ClusterNode[]>();
  /** The members as text, to tell whether they have changed. */
  #text = "";

  /** Those that are known. */
  get nodes(): readonly ClusterNode[] {
    return this.#nodes.value ?? [];
  }

  /** Takes in the members of a newer map. */
  apply(members: readonly MapMember[]): void {
    const text = JSON.stringify(members);
    if (text === this.#text) return; // something else about the map has changed
    this.#text = text;
    this.#nodes.set(nodesOf(members));
  }

  /** Follows them. */
  follow(
    options: FollowClusterOptions | undefined,
  ): AsyncIterableIterator<readonly ClusterNode[], undefined> {
    const action = "follow changes";
    const { signal } = optionsOf(options, FOLLOW_OPTIONS, action);
    return this.#nodes.iterate(checkSignal(signal, action));
  }

  /** Ends the iterations, with an error if there is one. */
  end(failure?: Error): void {
    this.#nodes.end(failure);
  }
}
