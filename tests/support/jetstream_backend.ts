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
import type { EventStore } from "../../store/event_store.ts";
import type { AccountEvent } from "./decider/accounts.ts";
import type { DeciderFixture } from "./decider/fixture.ts";
import type {
  ContractFixture,
  ContractStoreOptions,
} from "./event_store_contract.ts";
import type { EventStoredBackend } from "./event_stored_contract.ts";
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

/** Opens two stores onto the same data for one test of a command handler. */
export async function openHandlerFixture(
  access: JetStreamAccess,
): Promise<DeciderFixture> {
  const fixture = await openFixture(access);
  const [store, other] = [fixture.store, await fixture.another!()].map((it) =>
    it as unknown as EventStore<AccountEvent>
  );
  return {
    store: store!,
    other: other!,
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

/** Stores that tell on a bus, each on a connection of its own. */
export function eventStoredBackend(
  connect: () => Promise<NatsConnection>,
): EventStoredBackend {
  return {
    async open(options) {
      const nc = await connect();
      try {
        const store = await JetStreamEventStore.open(nc, options);
        const close = store[Symbol.asyncDispose].bind(store);
        store[Symbol.asyncDispose] = async () => {
          await close();
          if (nc.isClosed()) return;
          await deleteStreams(nc, options.namespace);
          await nc.close();
        };
        return store;
      } catch (error) {
        await nc.close();
        throw error;
      }
    },
  };
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
