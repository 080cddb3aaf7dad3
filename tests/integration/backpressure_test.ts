import { assertEquals } from "@std/assert";
import { JetStreamEventStore } from "../../store/jetstream_event_store.ts";
import { makeEvent, upTo } from "../support/contract/helpers.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/** Many times as many as may be under way. */
const ACTORS = 20_000;

for (const groupSaves of [true, false]) {
  const how = groupSaves ? "in groups" : "alone";
  Deno.test(`saves that wait for their turn outlive a dropped connection, ${how}`, async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await NatsServer.start());
    const upstream = { port: server.port };
    const proxy = stack.use(await TcpProxy.start({ upstream }));
    const nc = stack.adopt(await connect(proxy), (nc) => nc.close());
    const options = { namespace: freshNamespace(), groupSaves };
    const store = stack.use(await JetStreamEventStore.open(nc, options));
    const actors = upTo(ACTORS).map((n) => `a-${n}`);
    for (let i = 0; i < ACTORS; i += 1_000) {
      const some = actors.slice(i, i + 1_000);
      await store.saveEvents(some.map((actorId) => makeEvent(actorId, 1)));
    }
    // Known actors need no request before: all are sent, or wait, at once.
    const saves = actors.map((actorId) => {
      return store.saveEvent(makeEvent(actorId, 2));
    });
    proxy.cut();
    const outcomes = await Promise.allSettled(saves);
    const failed = outcomes.filter(({ status }) => status === "rejected");
    assertEquals(failed, []);
    for (let i = 0; i < ACTORS; i += 1_000) {
      const versions = await store
        .getLatestVersions(actors.slice(i, i + 1_000));
      assertEquals(new Set(versions.values()), new Set([2]));
    }
  });
}
