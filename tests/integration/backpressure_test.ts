/** More saves than may be under way, and reads that take their time. */

import { assert, assertEquals } from "@std/assert";
import { SaveOutcomeUnknownError } from "../../store/errors.ts";
import { JetStreamUnavailableError } from "../../store/jetstream/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { makeEvent, makeEvents, upTo } from "../support/contract/helpers.ts";
import { inspect } from "../support/inspect.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/** Many times as many as may be under way. */
const ACTORS = 8_000;

for (const groupSaves of [true, false]) {
  const how = groupSaves ? "in groups" : "alone";
  Deno.test(`saves that wait for their turn outlive a dropped connection, ${how}`, async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await NatsServer.start());
    const upstream = { port: server.port };
    const proxy = stack.use(await TcpProxy.start({ upstream }));
    const nc = stack.adopt(await connect(proxy), (nc) => nc.close());
    const options = {
      namespace: freshNamespace(),
      groupSaves,
      // On a busy machine thousands of saves take their time.
      saveTimeout: 120_000,
    };
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
    assertEquals(failed.length, 0, inspect(failed[0]));
    for (let i = 0; i < ACTORS; i += 1_000) {
      const versions = await store
        .getLatestVersions(actors.slice(i, i + 1_000));
      assertEquals(new Set(versions.values()), new Set([2]));
    }
  });
}

Deno.test("a save whose turn does not come in time fails, and is not sent later", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc, {
    saveTimeout: 1_000,
  });
  const actors = upTo(6_000).map((n) => `a-${n}`);
  for (let i = 0; i < actors.length; i += 1_000) {
    const some = actors.slice(i, i + 1_000);
    await store.saveEvents(some.map((actorId) => makeEvent(actorId, 1)));
  }
  await server.pause();
  const saves = actors.map(async (actorId) => {
    try {
      await store.saveEvent(makeEvent(actorId, 2));
    } catch (error) {
      return { actorId, error };
    }
  });
  const failures = await Promise.all(saves);
  server.resume();
  await nc.flush();
  const certain = failures.filter((failure) =>
    failure?.error instanceof JetStreamUnavailableError
  ).map((failure) => failure!.actorId);
  const unknown = failures.filter((failure) =>
    failure?.error instanceof SaveOutcomeUnknownError
  );
  assertEquals(certain.length + unknown.length, actors.length);
  assert(unknown.length <= 2_000, `${unknown.length} may be stored`);
  for (let i = 0; i < certain.length; i += 1_000) {
    const versions = await store.getLatestVersions(certain.slice(i, i + 1_000));
    assertEquals(new Set(versions.values()), new Set([1]));
  }
});

Deno.test("a save of several events has its turn among thousands of single ones", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  await store.saveEvent(makeEvent("b", 1));
  const [savers, rounds] = [3_000, 6];
  let done = 0;
  const saving = upTo(savers).map(async (n) => {
    for (const version of upTo(rounds)) {
      await store.saveEvent(makeEvent(`a-${n}`, version));
      done++;
    }
  });
  await store.saveEvents(makeEvents("b", 2, 3));
  const before = done;
  await Promise.all(saving);
  assert(before < 3 * savers, `${before} of ${done} went before it`);
});

Deno.test("a read may be used for longer than readTimeout, page by page", async () => {
  await using server = await NatsServer.start();
  const upstream = { port: server.port };
  await using proxy = await TcpProxy.start({ upstream });
  await using near = await connect(server);
  await using writer = await JetStreamEventStore.open(near);
  const events = upTo(2_600).map((version) => makeEvent("a", version));
  for (let i = 0; i < events.length; i += 1_000) {
    await writer.saveEvents(events.slice(i, i + 1_000));
  }
  await using far = await connect(proxy);
  const readTimeout = 2_000;
  await using store = await JetStreamEventStore.open(far, { readTimeout });
  for (const direction of ["forward", "backward"] as const) {
    proxy.delay(60);
    let read = 0;
    for await (const _ of store.readEvents("a", { direction })) {
      // With pages still to come: what is tested is that this time is not theirs.
      if (++read === 900) {
        await new Promise((resolve) => setTimeout(resolve, readTimeout));
      }
    }
    assertEquals(read, events.length);
    proxy.delay(0);
  }
});
