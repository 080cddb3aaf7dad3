/**
 * What all nodes of a cluster have to agree on.
 *
 * @module
 */

import { RequestTimeoutError } from "../../internal/nats/errors.ts";
import { backoff, Deadline, delay } from "../../internal/waiting.ts";
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

/** A node that wants to agree with the others. */
export interface AgreeingNode {
  readonly cluster: string;
  /** Its settings; of a client perhaps only some. */
  readonly own: Partial<ClusterSettings>;
  /** Whether it may store them. */
  readonly writes: boolean;
  /** How long each request waits for its answer, in milliseconds. */
  readonly retry: number;
  /** How long to try again, in milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores the settings of a cluster that has none, and compares them with those
 * that are stored otherwise.
 *
 * @throws {ClusterMismatchError} If they differ.
 * @throws {RequestTimeoutError} If that is not known after `timeout`.
 */
export async function agreeOnSettings(
  keys: KeyValues,
  node: AgreeingNode,
): Promise<void> {
  const deadline = new Deadline(node.timeout);
  for (let attempt = 0;; attempt++) {
    let failure = new RequestTimeoutError(SETTINGS_KEY, node.timeout);
    try {
      if (await compareOrStore(keys, node)) return;
    } catch (error) {
      if (!(error instanceof RequestTimeoutError)) throw error;
      failure = error;
    }
    if (deadline.left === 0) throw failure;
    await delay(backoff(attempt), node.signal);
  }
}

/** Whether it is done; else another node stores its own at the same time. */
async function compareOrStore(
  keys: KeyValues,
  { cluster, own, writes, retry }: AgreeingNode,
): Promise<boolean> {
  const { bucket, revision, data } = await keys.read(SETTINGS_KEY, retry);
  if (data.length > 0) compare(cluster, own, data);
  if (data.length > 0 || !writes) return true;
  const write = {
    key: SETTINGS_KEY,
    bucket,
    expected: revision,
    data: JSON.stringify({ format: FORMAT, ...own }),
  };
  return await keys.write(write, retry) !== undefined;
}

function compare(
  cluster: string,
  own: Partial<ClusterSettings>,
  data: Uint8Array,
): void {
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
  if (differences.length > 0) {
    throw new ClusterMismatchError(cluster, differences);
  }
}
