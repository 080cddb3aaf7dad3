/**
 * What a NATS user needs to be allowed to use a store, and nothing more.
 *
 * @module
 */

import {
  clusterBucket,
  clusterSubjectRoot,
  encodeToken,
  eventSubjectRoot,
  snapshotBucket,
  streamName,
} from "../../internal/nats/names.ts";

/** Subjects that a NATS user may use; the server refuses it all others. */
export interface NatsPermissions {
  /** What it may publish to. */
  readonly publish: readonly string[];
  /** What it may subscribe to. */
  readonly subscribe: readonly string[];
}

/** Which store the permissions are for. */
export interface StorePermissionsOptions {
  /** The store's namespace. @default {"default"} */
  namespace?: string;
  /** The store's prefix. @default {"aether"} */
  prefix?: string;
  /** What the user's inboxes begin with. @default {"_INBOX"} */
  inboxPrefix?: string;
  /** Whether it may make the stream and the bucket of snapshots. */
  create: boolean;
}

/** What the store of one namespace needs, each subject with what it is for. */
export function storePermissions(
  {
    namespace = "default",
    prefix = "aether",
    inboxPrefix = "_INBOX",
    create,
  }: StorePermissionsOptions,
): NatsPermissions {
  const stream = streamName(prefix, namespace);
  const bucket = snapshotBucket(prefix, namespace);
  const events = `${eventSubjectRoot(prefix, namespace)}.>`;
  return {
    publish: [
      // Opening.
      "$JS.API.INFO",
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.INFO.KV_${bucket}`,
      ...(create
        ? [
          `$JS.API.STREAM.CREATE.${stream}`,
          `$JS.API.STREAM.CREATE.KV_${bucket}`,
        ]
        : []),
      // Saving.
      events,
      // Reading.
      `$JS.API.DIRECT.GET.${stream}`,
      `$JS.API.DIRECT.GET.${stream}.${events}`,
      `$JS.API.STREAM.MSG.GET.${stream}`,
      // Subscribing, to several patterns and to one.
      `$JS.API.CONSUMER.CREATE.${stream}.*`,
      `$JS.API.CONSUMER.CREATE.${stream}.*.${events}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
      // Tidies up. Without it the server drops what is not used after 30 s.
      `$JS.API.CONSUMER.DELETE.${stream}.*`,
      // Snapshots.
      `$KV.${bucket}.>`,
      `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
    ],
    subscribe: [`${inboxPrefix}.>`],
  };
}

/** Which election the permissions are for. */
export interface ElectionPermissionsOptions {
  /** @default {"default"} */
  cluster?: string;
  /** @default {"leader"} */
  name?: string;
  /** @default {"aether"} */
  prefix?: string;
  /** What the user's inboxes begin with. @default {"_INBOX"} */
  inboxPrefix?: string;
  /** Whether it may make the cluster's bucket. */
  create: boolean;
}

/** What a candidate of one election needs. */
export function electionPermissions(
  {
    cluster = "default",
    name = "leader",
    prefix = "aether",
    inboxPrefix = "_INBOX",
    create,
  }: ElectionPermissionsOptions,
): NatsPermissions {
  const bucket = clusterBucket(prefix, cluster);
  const key = `lease.${encodeToken(name)}`;
  const news = `${clusterSubjectRoot(prefix, cluster)}.${key}`;
  return {
    publish: [
      "$JS.API.INFO",
      `$JS.API.STREAM.INFO.KV_${bucket}`,
      ...(create ? [`$JS.API.STREAM.CREATE.KV_${bucket}`] : []),
      `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
      // The token in between is the incarnation of the bucket.
      `$KV.${bucket}.*.${key}`,
      news,
    ],
    subscribe: [`${inboxPrefix}.>`, news],
  };
}

/** A user as nats-server's configuration spells it. */
export function renderUser(
  user: string,
  password: string,
  { publish, subscribe }: NatsPermissions,
): string {
  const list = (subjects: readonly string[]) =>
    subjects.map((subject) => `        ${JSON.stringify(subject)}\n`).join("");
  return `  {
    user: ${JSON.stringify(user)}
    password: ${JSON.stringify(password)}
    permissions {
      publish: [
${list(publish)}      ]
      subscribe: [
${list(subscribe)}      ]
    }
  }
`;
}
