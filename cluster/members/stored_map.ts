/**
 * The map where it is kept.
 *
 * @module
 */

import type { KeyEntry, KeyPlace } from "../lease/key_values.ts";
import type { ClusterMap } from "../map/cluster_map.ts";
import { decodeMap } from "../map/map_codec.ts";

/** The map at one revision of its key. */
export interface MapEntry extends KeyPlace {
  /** Undefined before the first one. */
  readonly map: ClusterMap | undefined;
}

/**
 * Reads what the map's key has.
 *
 * @throws {MalformedMapError} If that is no map, or one of another version of
 * this library.
 */
export function readMapEntry(
  { bucket, revision, data }: KeyEntry,
): MapEntry {
  const map = data.length === 0 ? undefined : decodeMap(data);
  return { bucket, revision, map };
}
