/**
 * Streams that somebody made by hand, for stores to be opened on.
 *
 * @module
 */

import {
  DiscardPolicy,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assertEquals } from "@std/assert";
import { StreamSetupError } from "../../store/jetstream/errors.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "./conditions.ts";
import { connect } from "./nats_connect.ts";
import { NatsServer } from "./nats_server.ts";
import { assertRefusedAtOnce } from "./refusals.ts";

/** Settings by name: what is needed or asked for, and what is found. */
export type Differences = Record<string, { expected: unknown; found: unknown }>;

/** What an owner may change of a stream, and when it was made. */
export function settingsOf({ config, created }: StreamInfo): unknown {
  return { config, created };
}

/** A server, and a stream of one namespace that is made for each test. */
export class HandmadeStream implements AsyncDisposable {
  /** The name of the stream. */
  readonly name = "AETHER_orders";
  /** The connection that stores are opened on. */
  readonly nc: NatsConnection;
  /** What streams are made with. */
  readonly jsm: JetStreamManager;
  readonly #server: NatsServer;

  private constructor(
    server: NatsServer,
    nc: NatsConnection,
    jsm: JetStreamManager,
  ) {
    this.#server = server;
    this.nc = nc;
    this.jsm = jsm;
  }

  /** Starts the server. There is no stream yet. */
  static async start(): Promise<HandmadeStream> {
    const server = await NatsServer.start();
    const nc = await connect(server);
    return new HandmadeStream(server, nc, await jetstreamManager(nc));
  }

  /** Opens the store of the stream's namespace. */
  open(options: JetStreamEventStoreOptions = {}): Promise<JetStreamEventStore> {
    const namespace = "orders";
    return JetStreamEventStore.open(this.nc, { namespace, ...options });
  }

  /** Makes the stream so that it fits but for `config`, for the length of `body`. */
  async with(
    config: Partial<StreamConfig>,
    body: () => Promise<void>,
  ): Promise<void> {
    const made = {
      name: this.name,
      subjects: ["aether.events.orders.>"],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      duplicate_window: 30e9,
      deny_delete: true,
      deny_purge: true,
      allow_direct: true,
      allow_atomic: true,
      metadata: { "aether.layout": "1" },
      ...config,
    };
    // Right after its namesake was deleted the server may still be tidying up.
    await waitFor(() => this.jsm.streams.add(made));
    try {
      await body();
    } finally {
      await this.jsm.streams.delete(this.name);
    }
  }

  /** Opening a store names exactly these differences, and changes nothing. */
  async assertDiffers(
    options: JetStreamEventStoreOptions,
    differences: Differences,
  ): Promise<void> {
    const { name, jsm } = this;
    const before = settingsOf(await jsm.streams.info(name));
    for (const create of [true, false]) {
      const error = await assertRefusedAtOnce(
        () => this.open({ ...options, create }),
        StreamSetupError,
        { code: "different", stream: name },
        name,
        "Change the stream, or the options",
        ...Object.keys(differences),
      );
      const found = error.differences.map(({ setting, expected, found }) =>
        [setting, { expected, found }] as const
      );
      assertEquals(Object.fromEntries(found), differences);
    }
    assertEquals(settingsOf(await jsm.streams.info(name)), before);
  }

  /** Ends the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.nc.close();
    await this.#server[Symbol.asyncDispose]();
  }
}
