/**
 * Ways to find the node or shard of a key; each runs on a thread of its own.
 *
 * @module
 */

import ConsistentHash from "consistent-hash";
import HashRing from "hashring";
import { ConsistentHashRing } from "../cluster/consistent_hash_ring.ts";
import { ownerOf } from "../cluster/map/cluster_map.ts";
import { planShards } from "../cluster/map/plan.ts";
import { assignShards, withMembers } from "../cluster/map/transitions.ts";
import { shardOf } from "../internal/hash.ts";
import { emptyMap, membersOf } from "./_maps.ts";

/** Kinds of keys. */
export type Keys = "12" | "16" | "54" | "UUID" | "not ASCII";

const SHARDS = 1024;

/** Keys of a kind, all different and in no order. */
function keysOf(kind: Keys, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const number = String((i * 7919) % 1_000_003).padStart(6, "0");
    switch (kind) {
      case "12":
        return `order-${number}`;
      case "16":
        return `customer-0${number}`;
      case "54":
        return `tenant-${number}.account.${crypto.randomUUID().slice(5)}`;
      case "UUID":
        return crypto.randomUUID();
      case "not ASCII":
        return `straße-ø-€-${number}`;
    }
  });
}

let kept: { key: string; find: (key: string) => number; keys: string[] };

/** Looks all keys up, again and again: how many a second. */
function rateOf(
  key: string,
  kind: Keys,
  count: number,
  make: () => (key: string) => number,
): number {
  if (kept?.key !== key) {
    kept = { key, find: make(), keys: keysOf(kind, count) };
  }
  const { find, keys } = kept;
  let sum = 0;
  let found = 0;
  const began = performance.now();
  let took = 0;
  do {
    for (const key of keys) sum += find(key);
    found += keys.length;
    took = performance.now() - began;
  } while (took < 300);
  if (!(sum > 0)) throw new Error("Nothing was found");
  return found / took * 1000;
}

const names = (nodes: number) => membersOf(nodes).map(({ id }) => id);

/** This library's ring. */
export function ring(nodes: number, count: number): number {
  return rateOf(`${nodes}`, "12", count, () => {
    const ring = new ConsistentHashRing();
    for (const id of names(nodes)) ring.addNode(id);
    return (key) => ring.getNode(key)!.length;
  });
}

/** The package consistent-hash, with as many points, placed evenly. */
export function consistentHash(nodes: number, count: number): number {
  return rateOf(`${nodes}`, "12", count, () => {
    const ring = new ConsistentHash({ weight: 150, distribution: "uniform" });
    for (const id of names(nodes)) ring.add(id, 150);
    return (key) => ring.get(key).length;
  });
}

/** The package hashring, as it is made by default. */
export function hashring(nodes: number, count: number): number {
  return rateOf(`${nodes}`, "12", count, () => {
    const ring = new HashRing(names(nodes));
    return (key) => ring.get(key).length;
  });
}

/** A key's shard, and its owner in the map. */
export function owner(kind: Keys, count: number): number {
  return rateOf(kind, kind, count, () => {
    const empty = withMembers(emptyMap(SHARDS), membersOf(10));
    const map = assignShards(empty, planShards(empty));
    return (key) => ownerOf(map, shardOf(key, SHARDS))!.id.length;
  });
}

/** A key's plain FNV-1a over what a TextEncoder writes into a buffer. */
export function encoded(kind: Keys, count: number): number {
  return rateOf(kind, kind, count, () => {
    const encoder = new TextEncoder();
    const buffer = new Uint8Array(4096);
    return (key) => {
      const { written } = encoder.encodeInto(key, buffer);
      let hash = 0x811c9dc5;
      for (let i = 0; i < written; i++) {
        hash = Math.imul(hash ^ buffer[i]!, 0x01000193);
      }
      return hash >>> 0;
    };
  });
}
