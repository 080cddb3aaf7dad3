/**
 * What all nodes of a cluster have to agree on.
 *
 * @module
 */

import type { KeyValues } from "../lease/key_values.ts";
import { ClusterMismatchError, type SettingDifference } from "./errors.ts";

/** The key of the settings. */
export const SETTINGS_KEY = "settings";

const FORMAT = 1;

/** What all nodes of a cluster have to agree on. */
export interface ClusterSettings {
  /** How many shards there are. */
  readonly shards: number;
  /** Which deployment the cluster belongs to; empty for none. */
  readonly deployment: string;
}

/**
 * Stores the settings of a cluster that has none, and compares them with those
 * that are stored otherwise.
 *
 * @param own Those of this node; of a client perhaps only some.
 * @param writes Whether this node may store them.
 * @returns What is stored; undefined if there is nothing, for a client.
 * @throws {ClusterMismatchError} If they differ.
 */
export async function agreeOnSettings(
  keys: KeyValues,
  cluster: string,
  own: Partial<ClusterSettings>,
  writes: boolean,
  timeout: number,
): Promise<Record<string, unknown> | undefined> {
  for (;;) {
    const { bucket, revision, data } = await keys.read(SETTINGS_KEY, timeout);
    if (data.length > 0) return compare(cluster, own, data);
    if (!writes) return undefined;
    const write = {
      key: SETTINGS_KEY,
      bucket,
      expected: revision,
      data: JSON.stringify({ format: FORMAT, ...own }),
    };
    // Refused: another node stores its own at the same time.
    await keys.write(write, timeout);
  }
}

function compare(
  cluster: string,
  own: Partial<ClusterSettings>,
  data: Uint8Array,
): Record<string, unknown> {
  let stored: Record<string, unknown> = {};
  try {
    stored = Object(JSON.parse(new TextDecoder().decode(data)));
  } catch {
    // What is no JSON differs in everything.
  }
  const differences: SettingDifference[] = [];
  for (
    const [setting, expected] of Object.entries({ format: FORMAT, ...own })
  ) {
    const found = stored[setting];
    if (found !== expected) differences.push({ setting, expected, found });
  }
  if (differences.length === 0) return stored;
  throw new ClusterMismatchError(cluster, differences);
}
