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
