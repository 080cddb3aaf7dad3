/**
 * Reads.
 *
 * @module
 */

import { partsOfLong, whole } from "./_read_long.ts";
import { besideReaders, latestVersions, million } from "./_read_many.ts";
import { onReplicas } from "./_read_replicas.ts";
import { busyWriter, ofOthers } from "./_read_others.ts";
import { scattered } from "./_read_scattered.ts";
import { besideConsumer, scans, tens } from "./_read_tens.ts";
import type { Scale, Theme } from "./_harness.ts";

/** Reads of one actor, and of many. */
export function reads(scale: Scale): Theme {
  return {
    name: "reads",
    measurements: [
      tens(scale),
      scans(scale),
      besideConsumer(scale),
      scattered(scale),
      partsOfLong(scale),
      whole(scale),
      latestVersions(scale),
      besideReaders(scale),
      ofOthers(scale),
      busyWriter(scale),
      million(),
      onReplicas(scale),
    ],
  };
}
