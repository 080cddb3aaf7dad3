/**
 * A stream whose messages expire when a test says so.
 *
 * @module
 */

import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "./conditions.ts";
import { connect } from "./nats_connect.ts";
import { NatsServer } from "./nats_server.ts";

const name = "AETHER_default";
const nanos = (ms: number) => ms * 1e6;

/** How old messages may become in between, in milliseconds. */
const LONG = 3_600_000;

/** The shortest age the server takes, in milliseconds. */
const SHORT = 100;

/** How much younger what stays must be, in milliseconds. */
const APART = 2_500;

/** A server with a stream that has an age limit, which a test moves. */
export class ExpiringStream implements AsyncDisposable {
  /** The server. */
  readonly server: NatsServer;
  /** A connection to it. */
  readonly nc: NatsConnection;
  readonly #jsm: JetStreamManager;

  private constructor(
    server: NatsServer,
    nc: NatsConnection,
    jsm: JetStreamManager,
  ) {
    this.server = server;
    this.nc = nc;
    this.#jsm = jsm;
  }

  /**
   * Starts a server and makes the stream.
   *
   * @param forever Whether it has no age limit until something is to expire.
   */
  static async start(
    { forever = false }: { forever?: boolean } = {},
  ): Promise<ExpiringStream> {
    const server = await NatsServer.start();
    const nc = await connect(server);
    const jsm = await jetstreamManager(nc);
    const made = await JetStreamEventStore.open(nc, {
      maxAge: forever ? undefined : LONG,
      duplicateWindow: SHORT,
    });
    await made[Symbol.asyncDispose]();
    return new ExpiringStream(server, nc, jsm);
  }

  /** Opens a store on the stream, on the connection unless another is given. */
  open(
    options: JetStreamEventStoreOptions = {},
    nc: NatsConnection = this.nc,
  ): Promise<JetStreamEventStore> {
    return JetStreamEventStore.open(nc, options);
  }

  /** Resolves when everything that is stored has expired. */
  expireAll(): Promise<void> {
    return this.#expire(SHORT, ({ messages }) => messages === 0);
  }

  /**
   * Has `save` store more, and resolves when all that was stored before has
   * expired and what it stored has not.
   */
  async expireBefore(save: () => Promise<unknown>): Promise<void> {
    const { state } = await this.#jsm.streams.info(name);
    const since = performance.now();
    await waitFor(() => performance.now() - since > APART);
    await save();
    await this.#expire(
      APART - SHORT,
      ({ first_seq }) => first_seq > state.last_seq,
    );
  }

  async #expire(
    age: number,
    isDone: (state: { messages: number; first_seq: number }) => boolean,
  ): Promise<void> {
    await this.#jsm.streams.update(name, { max_age: nanos(age) });
    await waitFor(async () =>
      isDone((await this.#jsm.streams.info(name)).state)
    );
    await this.#jsm.streams.update(name, { max_age: nanos(LONG) });
  }

  /** Ends the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.nc.close();
    await this.server[Symbol.asyncDispose]();
  }
}
