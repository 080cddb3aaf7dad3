/** Appends on JetStream: how they travel, and what ends them early. */

import { jetstreamManager } from "@nats-io/jetstream";
import { assert, assertEquals } from "@std/assert";
import type { EventDraft } from "../../event/event_draft.ts";
import {
  DuplicateEventError,
  SaveOutcomeUnknownError,
} from "../../store/errors.ts";
import { PayloadTooLargeError } from "../../event/errors.ts";
import { JetStreamUnavailableError } from "../../store/jetstream/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import { assertErrorIs, reasonOf, upTo } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const draft = (n: number): EventDraft => ({ eventType: "A", data: { n } });
const stream = "AETHER_default";

Deno.test("append() sends what waits for an actor in few batches", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  await store.append("a", [draft(0)]);
  const results = await Promise.all(
    upTo(200).map((n) => store.append("a", [draft(n)])),
  );
  assertEquals(
    results.map(({ version }) => version),
    upTo(200).map((n) => n + 1),
  );
  const jsm = await jetstreamManager(nc);
  const batches = new Set<string>();
  for (let seq = 2; seq <= 201; seq++) {
    const message = await jsm.streams.getMessage(stream, { seq });
    batches.add(message!.header.get("Nats-Batch-Id"));
  }
  assert(batches.size <= 2, `${batches.size} batches`);
});

Deno.test("append() sends what waits in batches of at most 1,000 events", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  const each = upTo(300).map(draft);
  const results = await Promise.all(upTo(8).map(() => store.append("a", each)));
  assertEquals(
    results.map(({ version }) => version),
    upTo(8).map((n) => n * 300),
  );
  assertEquals((await store.getEvents("a")).length, 2400);
});

Deno.test("append() fails alone when one among many can't be stored", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  await store.append("b", [{ ...draft(1), id: "taken" }]);
  const large = { eventType: "A", data: { text: "x".repeat(2_000_000) } };
  const results = await Promise.allSettled(
    upTo(30).map((n) =>
      store.append("a", [
        n === 7 ? { ...draft(n), id: "taken" } : n === 11 ? large : draft(n),
      ])
    ),
  );
  const reasons = results.map((it) =>
    it.status === "rejected" ? it.reason : undefined
  );
  assertErrorIs(reasons[6], DuplicateEventError, {
    eventId: "taken",
    actorId: "a",
  });
  assertErrorIs(reasons[10], PayloadTooLargeError);
  assertEquals(reasons.filter((it) => it !== undefined).length, 2);
  const events = await store.getEvents("a");
  assertEquals(
    events.map(({ data }) => data.n as number).sort((a, b) => a - b),
    upTo(30).filter((n) => n !== 7 && n !== 11),
  );
});

Deno.test("append() that is given up leaves the others of its group alone", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start({ upstream: { port: server.port } });
  await using nc = await connect(proxy);
  await using store = await JetStreamEventStore.open(nc);
  await store.append("a", [draft(0)]);
  proxy.pause();
  const [first, sent, waiting] = upTo(3).map(() => new AbortController());
  const alone = store.append("a", [draft(1)], { signal: first!.signal });
  const given = [
    store.append("a", [draft(2)], { signal: sent!.signal }),
    store.append("a", [draft(3)], { signal: waiting!.signal }),
  ];
  const kept = store.append("a", [draft(4)]);
  const outcomes = [alone, ...given].map((append) =>
    append.then(() => undefined, (reason) => reason)
  );
  // Not sent yet: behind the first, which is on its way.
  waiting!.abort(new Error("not needed"));
  assertEquals(await outcomes[2], waiting!.signal.reason);
  first!.abort(new Error("too slow"));
  const reason = await outcomes[0];
  assertErrorIs(reason, SaveOutcomeUnknownError, {
    cause: first!.signal.reason,
  });
  sent!.abort(new Error("too slow, too"));
  const other = await outcomes[1];
  assert(
    other === sent!.signal.reason || other instanceof SaveOutcomeUnknownError,
  );
  proxy.unpause();
  assert((await kept).version > 1);
  const events = await store.getEvents("a");
  assert(!events.some(({ data }) => data.n === 3));
  assertEquals(events.at(-1)!.data.n, 4);
});

Deno.test("append() tells that its outcome is unknown, and of a command what it was", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start({ upstream: { port: server.port } });
  await using nc = await connect(proxy);
  await using store = await JetStreamEventStore.open(nc, {
    saveTimeout: 1_000,
  });
  await store.append("a", [draft(0)]);
  proxy.pause();
  const drafts = [draft(1), draft(2)];
  const append = () => store.append("a", drafts, { commandId: "command" });
  const reason = await reasonOf(append);
  assert(
    reason instanceof SaveOutcomeUnknownError ||
      reason instanceof JetStreamUnavailableError,
    String(reason),
  );
  proxy.unpause();
  await waitFor(async () => {
    try {
      const { events } = await append();
      assertEquals(events.map(({ data }) => data.n), [1, 2]);
      return true;
    } catch (error) {
      const isOpen = error instanceof SaveOutcomeUnknownError ||
        error instanceof JetStreamUnavailableError;
      if (!isOpen) throw error;
      return false;
    }
  });
  assertEquals(
    (await store.getEvents("a")).map(({ data }) => data.n),
    [0, 1, 2],
  );
});
