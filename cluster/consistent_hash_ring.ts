/**
 * Consistent hashing: which node a key belongs to, without asking anyone.
 *
 * @module
 */

import {
  badRange,
  badType,
  checkInteger,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";
import { hashText } from "../internal/hash.ts";
import { RingPoints } from "./_ring_points.ts";
import { checkWeight } from "./weight.ts";

/** The most virtual nodes of a node of weight 1, inclusive. */
const MAX_VIRTUAL_NODES = 10_000;

/** How a ring is made. */
export interface ConsistentHashRingOptions {
  /**
   * How many points on the ring a node of weight 1 has: a whole number from 1
   * to 10,000. More points spread keys more evenly, and take more memory. Rings
   * agree only if they have the same number. @default 150
   */
  virtualNodes?: number;
}

/** How a node is added to a ring. */
export interface RingNodeOptions {
  /**
   * How many keys the node gets, relative to the others: a number from 0.01 to
   * 100 (inclusive). It has as many times the virtual nodes, rounded, and at
   * least one. @default 1
   */
  weight?: number;
}

const RING_OPTIONS: OptionNames<ConsistentHashRingOptions> = {
  virtualNodes: true,
};
const NODE_OPTIONS: OptionNames<RingNodeOptions> = { weight: true };

/** A node on the ring. */
interface RingNode {
  readonly id: string;
  readonly points: number;
}

/**
 * A consistent hash ring. Each node has points on a circle of 2^32 hashes, and
 * a key belongs to the node of the first point at its hash or after it.
 *
 * Rings that have the same nodes, weights and `virtualNodes` agree on every
 * key, in whichever order and process they were made. Only the keys that the
 * new node gets move when one is added, and only the removed node's keys move
 * when one is removed. Adding or removing a node costs time for its own points,
 * and a lookup takes as long on a large ring as on a small one.
 *
 * A ring spreads 1024 keys over 10 nodes so that the fullest has some 1.2 times
 * the mean. It knows only the nodes that it was told of: where two processes
 * must never take the same key at a time, ask for the owner of a shard instead.
 *
 * Point number `k` of a node, counted from 0, is the hash of `<id>#<k>`:
 * FNV-1a of 32 bits over UTF-8, then murmur3's finalizer. It never changes.
 *
 * @example Find the node of a key
 * ```ts
 * import { ConsistentHashRing } from "@flowmade-one/aether/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * const ring = new ConsistentHashRing();
 * ring.addNode("eu-1");
 * ring.addNode("eu-2");
 * ring.addNode("us-1", { weight: 2 });
 *
 * assertEquals(ring.getNode("order-1"), "eu-2");
 * assertEquals(ring.getNodes("order-1", 2), ["eu-2", "us-1"]);
 *
 * // Without that node, its keys belong to those that come next.
 * ring.removeNode("eu-2");
 * assertEquals(ring.getNode("order-1"), "us-1");
 * ```
 */
export class ConsistentHashRing {
  readonly #virtualNodes: number;
  readonly #numbers = new Map<string, number>();
  /** Nodes by their number; numbers are used again. */
  readonly #nodes: (RingNode | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #points = new RingPoints((node, other) =>
    this.#nodes[node]!.id < this.#nodes[other]!.id
  );

  /**
   * A ring without nodes.
   *
   * @throws {TypeError} If an option is unknown or has the wrong type.
   * @throws {RangeError} If it is out of bounds.
   */
  constructor(options?: ConsistentHashRingOptions) {
    const action = "create ring";
    const { virtualNodes = 150 } = optionsOf(options, RING_OPTIONS, action);
    checkInteger(virtualNodes, action, "virtualNodes", 1, MAX_VIRTUAL_NODES);
    this.#virtualNodes = virtualNodes;
  }

  /**
   * Adds a node. One that is there already gets the weight that is given, and
   * only the keys that this adds or takes away move.
   *
   * @param id A non-empty string without lone surrogates.
   * @throws {TypeError} If the id or an option has the wrong type, the id has
   * lone surrogates, or there is no such option.
   * @throws {RangeError} If the id is empty or the weight is out of bounds.
   */
  addNode(id: string, options?: RingNodeOptions): void {
    const action = "add node";
    checkNodeId(id, action);
    const { weight = 1 } = optionsOf(options, NODE_OPTIONS, action);
    checkWeight(weight, action);
    const points = Math.max(1, Math.round(this.#virtualNodes * weight));
    const number = this.#numbers.get(id) ?? this.#freeNumbers.pop() ??
      this.#nodes.length;
    const before = this.#nodes[number]?.points ?? 0;
    this.#numbers.set(id, number);
    this.#nodes[number] = { id, points };
    for (let k = before; k < points; k++) {
      this.#points.add(hashText(`${id}#${k}`), number);
    }
    for (let k = points; k < before; k++) {
      this.#points.remove(hashText(`${id}#${k}`), number);
    }
  }

  /**
   * Removes a node.
   *
   * @returns Whether it was there.
   * @throws {TypeError} If the id is no string, or has lone surrogates.
   * @throws {RangeError} If the id is empty.
   */
  removeNode(id: string): boolean {
    checkNodeId(id, "remove node");
    const number = this.#numbers.get(id);
    if (number === undefined) return false;
    for (let k = 0; k < this.#nodes[number]!.points; k++) {
      this.#points.remove(hashText(`${id}#${k}`), number);
    }
    this.#numbers.delete(id);
    this.#nodes[number] = undefined;
    this.#freeNumbers.push(number);
    return true;
  }

  /** The ids of all nodes, in the order in which they were added. */
  nodes(): string[] {
    return [...this.#numbers.keys()];
  }

  /**
   * The node that a key belongs to; undefined on a ring without nodes.
   *
   * @param key Any string, the empty one too.
   * @throws {TypeError} If the key is no string.
   */
  getNode(key: string): string | undefined {
    if (typeof key !== "string") {
      throw badType("get node", "key", "a string", key);
    }
    if (this.#numbers.size === 0) return undefined;
    return this.#nodes[this.#points.ownerAt(hashText(key))]!.id;
  }

  /**
   * The first nodes on the way around the ring from a key's hash: the node that
   * it belongs to, then the one it would belong to without that one, and so on.
   *
   * @param n How many: a whole number of at least 0.
   * @returns Different nodes; all of them where the ring has fewer than `n`.
   * @throws {TypeError} If the key is no string, or `n` no number.
   * @throws {RangeError} If `n` is no whole number, or negative.
   */
  getNodes(key: string, n: number): string[] {
    const action = "get nodes";
    if (typeof key !== "string") throw badType(action, "key", "a string", key);
    checkInteger(n, action, "n");
    const found = new Set<string>();
    const wanted = Math.min(n, this.#numbers.size);
    if (wanted === 0) return [];
    for (const number of this.#points.ownersFrom(hashText(key))) {
      found.add(this.#nodes[number]!.id);
      if (found.size === wanted) break;
    }
    return [...found];
  }
}

function checkNodeId(id: unknown, action: string): void {
  if (typeof id !== "string") throw badType(action, "id", "a string", id);
  if (id === "") throw badRange(action, "id", "a non-empty string", id);
  if (!id.isWellFormed()) {
    throw badType(action, "id", "a string without lone surrogates", id);
  }
}
