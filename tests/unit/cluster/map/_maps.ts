/**
 * Maps for tests.
 *
 * @module
 */

import fc from "fast-check";
import {
  type ClusterMap,
  createClusterMap,
  type MapMember,
} from "../../../../cluster/map/cluster_map.ts";
import { planShards } from "../../../../cluster/map/plan.ts";
import {
  assignShards,
  claimMap,
  withMembers,
} from "../../../../cluster/map/transitions.ts";

/** A member that is ready, unless told otherwise. */
export function memberOf(
  id: string,
  rest: Partial<MapMember> = {},
): MapMember {
  return {
    id,
    incarnation: "1",
    state: "ready",
    weight: 1,
    appVersion: "",
    roles: [],
    metadata: {},
    ...rest,
  };
}

/** Members that are ready: `node-0`, `node-1` and so on. */
export function membersOf(count: number): MapMember[] {
  return Array.from({ length: count }, (_, i) => memberOf(`node-${i}`));
}

/** A map whose shards are all assigned, in term 1. */
export function settledMap(
  shards: number,
  members: readonly MapMember[],
): ClusterMap {
  const map = withMembers(claimMap(createClusterMap(shards), 1), members);
  return assignShards(map, planShards(map));
}

/** Any member. */
export const anyMember: fc.Arbitrary<MapMember> = fc.record({
  id: fc.string({ minLength: 1 }),
  incarnation: fc.string({ minLength: 1 }),
  state: fc.constantFrom("joining", "ready", "leaving"),
  weight: fc.oneof(
    fc.constantFrom(0.01, 0.5, 1, 100),
    fc.double({ min: 0.01, max: 100, noNaN: true }),
  ),
  appVersion: fc.constantFrom("", "1.0.0", "2.0.0", "ü"),
  roles: fc.array(fc.string(), { maxLength: 2 }),
  metadata: fc.dictionary(fc.string(), fc.string(), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
}, { noNullPrototype: true });

/** Any members, with distinct ids. */
export const anyMembers: fc.Arbitrary<MapMember[]> = fc.uniqueArray(anyMember, {
  selector: ({ id }) => id,
  maxLength: 8,
});

/** Any valid map, also such as no leader would write. */
export const anyMap: fc.Arbitrary<ClusterMap> = anyMembers.chain((members) => {
  const index = fc.integer({ min: 0, max: Math.max(0, members.length - 1) });
  const nobody = fc.constant(-1);
  const someone = members.length === 0 ? nobody : fc.oneof(nobody, index);
  const epoch = fc.oneof(
    fc.constantFrom(0, 1, 1763718000000, Number.MAX_SAFE_INTEGER),
    fc.maxSafeNat(),
  );
  const shard = fc.record({
    owner: someone,
    next: someone,
    epoch,
    revoked: fc.boolean(),
  });
  return fc.record({
    term: fc.maxSafeNat(),
    version: fc.maxSafeNat(),
    shards: fc.array(shard, { maxLength: 40 }),
  }).map(({ term, version, shards }) => {
    const states = shards.map(({ owner, revoked }) =>
      owner < 0 ? 0 : revoked ? 2 : 1
    );
    return {
      term,
      version,
      members,
      states: Uint8Array.from(states),
      owners: Int32Array.from(shards, ({ owner }) => owner),
      nexts: Int32Array.from(
        shards,
        ({ next }, i) => states[i] === 1 ? -1 : next,
      ),
      epochs: Float64Array.from(shards, ({ epoch }) => epoch),
    };
  });
});
