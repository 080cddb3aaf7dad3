/**
 * JetStream stores for the contract suite, each in a namespace of its own on
 * servers that all tests of a file share.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import type {
  ContractFixture,
  ContractStoreOptions,
} from "./event_store_contract.ts";

let namespaces = 0;

/** A namespace that no other test of this process uses. */
export function freshNamespace(): string {
  return `test-${++namespaces}`;
}

/**
 * Opens a store for one test, and others onto its data.
 *
 * @param connect Opens a connection, which the fixture closes.
 */
export async function openFixture(
  connect: () => Promise<NatsConnection>,
  { namespace = freshNamespace(), duplicateWindow }: ContractStoreOptions = {},
  options: JetStreamEventStoreOptions = {},
): Promise<ContractFixture> {
  const stack = new AsyncDisposableStack();
  const open = async () => {
    const nc = stack.adopt(await connect(), (nc) => nc.close());
    return stack.use(
      await JetStreamEventStore.open(nc, {
        ...options,
        namespace,
        ...(duplicateWindow === undefined ? {} : { duplicateWindow }),
      }),
    );
  };
  try {
    return {
      store: await open(),
      another: open,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
