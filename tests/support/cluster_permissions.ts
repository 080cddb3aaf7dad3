/**
 * What a NATS user needs to be allowed to take part in a cluster.
 *
 * @module
 */

import {
  clusterBucket,
  clusterSubjectRoot,
} from "../../internal/nats/names.ts";
import type { NatsPermissions } from "./permissions.ts";

/** What a member of a cluster needs, and may make the bucket or not. */
export function memberPermissions(
  cluster: string,
  inboxPrefix: string,
  create: boolean,
): NatsPermissions {
  const bucket = clusterBucket("aether", cluster);
  const root = clusterSubjectRoot("aether", cluster);
  return {
    publish: [
      "$JS.API.INFO",
      `$JS.API.STREAM.INFO.KV_${bucket}`,
      ...(create ? [`$JS.API.STREAM.CREATE.KV_${bucket}`] : []),
      `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
      `$JS.API.DIRECT.GET.KV_${bucket}`,
      `$KV.${bucket}.*.settings`,
      `$KV.${bucket}.*.map`,
      `$KV.${bucket}.*.node.*`,
      `$KV.${bucket}.*.lease.=map`,
      `${root}.map`,
      `${root}.node`,
      `${root}.leader`,
    ],
    subscribe: [
      `${inboxPrefix}.>`,
      `${root}.map`,
      `${root}.node`,
      `${root}.leader`,
    ],
  };
}

/** What a client of a cluster needs. */
export function clientPermissions(
  cluster: string,
  inboxPrefix: string,
): NatsPermissions {
  const bucket = clusterBucket("aether", cluster);
  return {
    publish: [
      "$JS.API.INFO",
      `$JS.API.STREAM.INFO.KV_${bucket}`,
      `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
    ],
    subscribe: [
      `${inboxPrefix}.>`,
      `${clusterSubjectRoot("aether", cluster)}.map`,
    ],
  };
}

/**
 * What a member needs that has a cluster manager: what every member does, and to
 * send, receive and answer requests, and to keep checkpoints of work by shard.
 * The nodes share an inbox prefix.
 */
export function managerPermissions(
  cluster: string,
  inboxPrefix: string,
  create: boolean,
): NatsPermissions {
  const { publish, subscribe } = memberPermissions(
    cluster,
    inboxPrefix,
    create,
  );
  const requests = requestSubjects(cluster);
  const bucket = clusterBucket("aether", cluster);
  return {
    publish: [
      ...publish,
      `$KV.${bucket}.*.checkpoint.*.*`,
      requests,
      `${inboxPrefix}.>`,
    ],
    subscribe: [...subscribe, requests],
  };
}

/** What a client needs that has a cluster manager: to send requests, too. */
export function managerClientPermissions(
  cluster: string,
  inboxPrefix: string,
): NatsPermissions {
  const { publish, subscribe } = clientPermissions(cluster, inboxPrefix);
  return { publish: [...publish, requestSubjects(cluster)], subscribe };
}

function requestSubjects(cluster: string): string {
  return `${clusterSubjectRoot("aether", cluster)}.request.*.*`;
}
