import type { NatsConnection } from "@nats-io/nats-core";
import { assertEquals } from "@std/assert";
import {
  BatchAcks,
  PublishAcks,
} from "../../../../internal/nats/prompt_acks.ts";

/** Records what is written, in the order in which nats.js would. */
class Writes {
  readonly log: string[] = [];
  readonly #pongs: PromiseWithResolvers<void>[] = [];

  readonly connection = {
    flush: () => {
      this.log.push("PING");
      const pong = Promise.withResolvers<void>();
      this.#pongs.push(pong);
      return pong.promise;
    },
  } as unknown as NatsConnection;

  /** Publishes; nats.js writes in a microtask that begins here. */
  publish(): void {
    this.log.push("PUB");
    queueMicrotask(() => this.log.push("write"));
  }

  /** Answers every PING. */
  async answer(by: "resolve" | "reject" = "resolve"): Promise<void> {
    for (const pong of this.#pongs.splice(0)) pong[by]();
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("PublishAcks sends one PING in the write of all that one turn publishes", async () => {
  const writes = new Writes();
  const acks = new PublishAcks(writes.connection);
  for (let i = 0; i < 3; i++) {
    acks.publishing();
    writes.publish();
  }
  await turn();
  assertEquals(writes.log.slice(0, 5), ["PUB", "PUB", "PUB", "PING", "write"]);
});

Deno.test("PublishAcks has 8 PINGs under way at most, also when they fail", async () => {
  for (const by of ["resolve", "reject"] as const) {
    const writes = new Writes();
    const acks = new PublishAcks(writes.connection);
    const publish = async () => {
      acks.publishing();
      writes.publish();
      await turn();
    };
    const pings = () => writes.log.filter((entry) => entry === "PING").length;
    for (let i = 0; i < 20; i++) await publish();
    assertEquals(pings(), 8);
    await writes.answer(by);
    await publish();
    assertEquals(pings(), 9);
  }
});

Deno.test("BatchAcks sends a PING after every 24 KiB", () => {
  const writes = new Writes();
  const acks = new BatchAcks(writes.connection);
  for (let i = 0; i < 24 * 4; i++) acks.published(511);
  assertEquals(writes.log, ["PING"]);
  acks.published(24 * 1024);
  assertEquals(writes.log, ["PING", "PING"]);
});
