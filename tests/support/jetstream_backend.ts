/**
 * JetStream stores for the contract suite, each in a namespace of its own on
 * servers that all tests of a file share.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { snapshotBucket, streamName } from "../../internal/nats/names.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import type {
  ContractFixture,
  ContractStoreOptions,
} from "./event_store_contract.ts";
import { inspect } from "./inspect.ts";

/** nats-server's error code. */
const STREAM_NOT_FOUND = 10059;

let namespaces = 0;

/** A namespace that no other test of this process uses. */
export function freshNamespace(): string {
  return `test-${++namespaces}`;
}

/** How {@linkcode openFixture} reaches the server. */
export interface JetStreamAccess {
  /** Opens a connection, which the fixture closes. */
  connect(): Promise<NatsConnection>;
  /**
   * Deletes the test's stream and bucket, which a limited user may not.
   *
   * @default the fixture's own connection
   */
  readonly admin?: NatsConnection;
}

/**
 * Opens a store for one test, and others onto its data. Disposing closes them
 * and deletes what they made on the server.
 */
export async function openFixture(
  { connect, admin }: JetStreamAccess,
  { namespace = freshNamespace(), duplicateWindow }: ContractStoreOptions = {},
  options: JetStreamEventStoreOptions = {},
): Promise<ContractFixture> {
  const stack = new AsyncDisposableStack();
  const connectOnce = async () =>
    stack.adopt(await connect(), (nc) => nc.close());
  const openOn = async (nc: NatsConnection) =>
    stack.use(
      await JetStreamEventStore.open(nc, {
        ...options,
        namespace,
        ...(duplicateWindow === undefined ? {} : { duplicateWindow }),
      }),
    );
  try {
    const nc = await connectOnce();
    stack.defer(() => deleteStreams(admin ?? nc, namespace));
    return {
      store: await openOn(nc),
      another: async () => await openOn(await connectOnce()),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Deletes a namespace's stream and bucket of snapshots, if they exist. */
export async function deleteStreams(
  nc: NatsConnection,
  namespace: string,
): Promise<void> {
  const bucket = snapshotBucket("aether", namespace);
  for (const name of [streamName("aether", namespace), `KV_${bucket}`]) {
    const reply = await nc.request(`$JS.API.STREAM.DELETE.${name}`);
    const { error } = reply.json<{ error?: { err_code: number } }>();
    if (error !== undefined && error.err_code !== STREAM_NOT_FOUND) {
      throw new Error(`Cannot delete stream ${name}: ${inspect(error)}`);
    }
  }
}
