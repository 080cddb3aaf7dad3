/** An account that may have one consumer, and what else has had it. */

import { jetstreamManager } from "@nats-io/jetstream";
import { assert, assertEquals } from "@std/assert";
import { JetStreamEventStore } from "../../mod.ts";
import { makeEvent, upTo } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withServer } from "../support/with_server.ts";

const config = `
  accounts { ONE: {
    jetstream: { max_mem: 100MB, max_file: 100MB, max_consumers: 1 }
    users: [{ user: one, password: one }]
  } }
  no_auth_user: one
`;

/** Longer than a subscription waits for a silent server. */
const CUT_MS = 7_000;

Deno.test("a subscription goes on after a long cut where one consumer is allowed", () =>
  withServer({ config }, async (server) => {
    await using proxy = await TcpProxy.start({
      upstream: { port: server.port },
    });
    await using nc = await connect(proxy);
    await using store = await JetStreamEventStore.open(nc);
    await using subscription = store.subscribe();
    await store.saveEvent(makeEvent("a", 1));
    const events = subscription[Symbol.asyncIterator]();
    assertEquals((await events.next()).value!.event.version, 1);

    await proxy.refuse();
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, CUT_MS));
    await proxy.accept();

    const back = performance.now();
    await store.saveEvent(makeEvent("a", 2));
    assertEquals((await events.next()).value!.event.version, 2);
    // Its old consumer would have taken 20 s more to lapse.
    assert(performance.now() - back < 15_000);
  }));

Deno.test("a subscription begins once the consumer of another process has lapsed", () =>
  withServer({ config }, async (server) => {
    await using nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    for (const version of upTo(3)) {
      await store.saveEvent(makeEvent("a", version));
    }
    const jsm = await jetstreamManager(nc);
    await jsm.consumers.add("AETHER_default", {
      name: "other",
      inactive_threshold: 1_500_000_000,
    });
    const read = await Array.fromAsync(store.subscribe({ live: false }));
    assertEquals(read.map(({ event }) => event.version), [1, 2, 3]);
  }));
