/**
 * Who does the work: which node a key belongs to.
 *
 * @example Find the node of a key
 * ```ts
 * import { ConsistentHashRing } from "@flowmade-one/aether/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * const ring = new ConsistentHashRing();
 * for (const id of ["node-1", "node-2", "node-3"]) ring.addNode(id);
 * assertEquals(ring.getNode("order-1"), "node-1");
 * ```
 *
 * @module
 */

export { ConsistentHashRing } from "./consistent_hash_ring.ts";
export type {
  ConsistentHashRingOptions,
  RingNodeOptions,
} from "./consistent_hash_ring.ts";
