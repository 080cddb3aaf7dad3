/** Users who lack a right. */

import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import { PermissionDeniedError } from "../../internal/nats/errors.ts";
import { SaveOutcomeUnknownError } from "../../store/errors.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import {
  assertHistory,
  collect,
  makeEvent,
  makeEvents,
  Reader,
  reasonOf,
  upTo,
} from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import type { NatsServer } from "../support/nats_server.ts";
import {
  type NatsPermissions,
  renderUser,
  storePermissions,
} from "../support/permissions.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withServer } from "../support/with_server.ts";

const inboxPrefix = "_INBOX_app";
const password = "secret";

/** The configuration of an admin and these users. */
function configOf(users: Record<string, NatsPermissions>): string {
  const list = Object.entries(users).map(([user, permissions]) =>
    renderUser(user, password, permissions)
  );
  return `authorization { users: [
  { user: admin, password: ${password} }
${list.join("")}] }`;
}

/** A server with an admin and these users. */
function withUsers(
  users: Record<string, NatsPermissions>,
  body: (server: NatsServer, admin: NatsConnection) => Promise<void>,
): Promise<void> {
  return withServer({ config: configOf(users) }, async (server) => {
    await using admin = await connect(server, {
      user: "admin",
      pass: password,
    });
    await body(server, admin);
  });
}

function connectAs(
  server: NatsServer | TcpProxy,
  user: string,
): Promise<NatsConnection> {
  return connect(server, { user, pass: password, inboxPrefix });
}

function open(
  nc: NatsConnection,
  options: JetStreamEventStoreOptions = {},
): Promise<JetStreamEventStore> {
  return JetStreamEventStore.open(nc, { inboxPrefix, ...options });
}

/** A little of everything that a store does. */
async function exercise(nc: NatsConnection): Promise<void> {
  await using store = await open(nc, { storage: "memory" });
  const actorId = crypto.randomUUID();
  const batch = [...makeEvents(actorId, 1, 2), makeEvent(`${actorId}.b`, 1)];
  await store.saveEvents(batch);
  await store.saveEvent(makeEvent(actorId, 3));
  // Known by its id: the server's answer is looked into.
  await reasonOf(() => store.saveEvent({ ...batch[2]!, actorId: "c" }));
  await store.getEvents(actorId);
  await store.getEventsWithErrors(actorId);
  await collect(store.readEvents(actorId, { direction: "backward" }));
  await store.getLatestVersion(actorId);
  await store.getLatestVersion(crypto.randomUUID());
  await store.saveSnapshot({
    actorId,
    version: 3,
    state: {},
    timestamp: "2024-01-01T00:00:00Z",
  });
  assertEquals((await store.getLatestSnapshot(actorId))?.version, 3);
  const both = [actorId, `${actorId}.*`];
  for (const actors of [">", ...both, both]) {
    const subscription = store.subscribe({ live: false, actors });
    const events = await collect(subscription);
    assert(events.length > 0);
  }
}

const full = storePermissions({ create: true, inboxPrefix });

/** Without it, the server drops what was to be deleted some time later. */
const dispensable = "$JS.API.CONSUMER.DELETE.AETHER_default.*";

const without = (subject: string): NatsPermissions => ({
  publish: full.publish.filter((each) => each !== subject),
  // A list without entries would allow everything.
  subscribe: ["unused", ...full.subscribe.filter((each) => each !== subject)],
});

const entries = [...full.publish, ...full.subscribe];

Deno.test("a store says which right is missing when any of those it needs is", () =>
  withUsers(
    Object.fromEntries(
      entries.map((subject, i) => [`user${i}`, without(subject)] as const),
    ),
    async (server, admin) => {
      const jsm = await jetstreamManager(admin);
      for (const [i, missing] of entries.entries()) {
        if (missing === dispensable) continue;
        await using nc = await connectAs(server, `user${i}`);
        const { subject, operation } = await assertRefusedAtOnce(
          () => exercise(nc),
          PermissionDeniedError,
          {},
          "grant",
        );
        const pattern = missing.split(".");
        const tokens = subject.split(".");
        const matches = pattern.every((token, i) =>
          token === tokens[i] || token === "*" || token === ">"
        );
        assert(matches, `${subject} was refused, not ${missing}`);
        const isInbox = missing.startsWith(inboxPrefix);
        assertEquals(operation, isInbox ? "subscribe" : "publish");
        for await (const stream of jsm.streams.list()) {
          await jsm.streams.delete(stream.config.name);
        }
      }
    },
  ));

Deno.test("a store does all when it has all rights, or all but one to tidy up", () =>
  withUsers(
    { user: full, untidy: without(dispensable) },
    async (server) => {
      for (const user of ["user", "untidy"]) {
        await using nc = await connectAs(server, user);
        await exercise(nc);
      }
    },
  ));

Deno.test("open() fails when its inbox prefix is not the user's", () =>
  withUsers({ user: full }, async (server) => {
    await using nc = await connectAs(server, "user");
    const { subject } = await assertRefusedAtOnce(
      () => open(nc, { inboxPrefix: undefined }),
      PermissionDeniedError,
      { operation: "subscribe" },
      "inboxPrefix",
    );
    assert(subject.startsWith("_INBOX."));
    await using _store = await open(nc);
  }));

Deno.test("a store receives everything on inboxes of two tokens", () => {
  const narrow = { ...full, subscribe: [`${inboxPrefix}.*.*`] };
  return withUsers({ narrow }, async (server) => {
    await using nc = await connectAs(server, "narrow");
    await exercise(nc);
  });
});

const reader: NatsPermissions = without("aether.events.default.>");

Deno.test("saveEvent() fails when the user may only read", () =>
  withUsers({ reader }, async (server, admin) => {
    await using writer = await JetStreamEventStore.open(admin);
    const events = makeEvents("a", 1, 2);
    await writer.saveEvents(events);
    await using nc = await connectAs(server, "reader");
    await using store = await open(nc);
    const next = makeEvent("a", 3);
    const saves = [
      () => store.saveEvent(next),
      () => store.saveEvent(next, { expectedVersion: 2 }),
      () => store.saveEvents([next]),
      () => store.saveEvents([next, makeEvent("a", 4)]),
    ];
    for (const save of saves) {
      await assertRefusedAtOnce(save, PermissionDeniedError, {
        operation: "publish",
        subject: "aether.events.default.a",
      });
      await assertHistory(store, "a", events);
    }
    const { subject } = await assertRefusedAtOnce(
      () => store.saveEvents([makeEvent("b", 1), makeEvent("c", 1)]),
      PermissionDeniedError,
    );
    assert(/^aether\.events\.default\.[bc]$/.test(subject), subject);
    // What is stored is a duplicate, whoever asks.
    assertEquals((await store.saveEvent(events[1]!)).duplicate, true);
    await using live = new Reader(store.subscribe());
    assertEquals((await live.take(2)).map(({ event }) => event), events);
    await writer.saveEvent(next);
    assertEquals((await live.next()).event, next);
  }));

Deno.test("saveEvents() stores nothing when the user may not write one of the actors", () => {
  const some: NatsPermissions = {
    ...reader,
    publish: [...reader.publish, "aether.events.default.mine.>"],
  };
  return withUsers({ some }, async (server) => {
    await using nc = await connectAs(server, "some");
    await using store = await open(nc);
    const mine = makeEvent("mine.1", 1);
    const theirs = makeEvent("theirs.1", 1);
    const subject = "aether.events.default.theirs.1";
    for (
      const events of [
        [mine, theirs],
        [theirs, mine],
        [mine, theirs, makeEvent("mine.2", 1)],
      ]
    ) {
      await assertRefusedAtOnce(
        () => store.saveEvents(events),
        PermissionDeniedError,
        { operation: "publish", subject },
      );
      for (const { actorId } of events) await assertHistory(store, actorId, []);
    }
    await store.saveEvent(mine);
    await assertHistory(store, "mine.1", [mine]);
  });
});

Deno.test("saveEvents() is refused for good though the server's answers come all at once", () => {
  const some: NatsPermissions = {
    ...reader,
    publish: [...reader.publish, "aether.events.default.mine.>"],
  };
  return withUsers({ some }, async (server) => {
    await using proxy = await TcpProxy.start({ upstream: server });
    await using nc = await connectAs(proxy, "some");
    await using store = await open(nc, { saveTimeout: 60_000 });
    const theirs = makeEvent("theirs.1", 1);
    proxy.delay(100, "serverToClient");
    for (let i = 1; i <= 10; i++) {
      const batch = [theirs, makeEvent(`mine.${i}`, 1)];
      await assertRefusedAtOnce(
        () => store.saveEvents(batch),
        PermissionDeniedError,
        { operation: "publish", subject: "aether.events.default.theirs.1" },
      );
    }
  });
});

Deno.test("saveEvents() stores what the user may write when others save what they may not", () => {
  const some: NatsPermissions = {
    ...reader,
    publish: [...reader.publish, "aether.events.default.mine.>"],
  };
  return withUsers({ some }, async (server) => {
    await using nc = await connectAs(server, "some");
    await using store = await open(nc);
    const outcomes = await Promise.allSettled(
      upTo(30).map((i) => {
        const actorId = i % 5 === 0 ? `theirs.${i}` : `mine.${i}`;
        return store.saveEvents(makeEvents(actorId, 1, 2));
      }),
    );
    for (const [i, outcome] of outcomes.entries()) {
      if ((i + 1) % 5 !== 0) assertEquals(outcome.status, "fulfilled");
      else {
        assert(outcome.status === "rejected");
        assert(outcome.reason instanceof PermissionDeniedError);
        assertEquals(
          outcome.reason.subject,
          `aether.events.default.theirs.${i + 1}`,
        );
      }
    }
  });
});

Deno.test("a save that waits while the right to its inbox is taken away may be stored", () =>
  withUsers({ user: full }, async (server, admin) => {
    await using proxy = await TcpProxy.start({ upstream: server });
    await using nc = await connectAs(proxy, "user");
    await using store = await open(nc);
    const [first, second, third] = makeEvents("a", 1, 2, 3);
    await store.saveEvent(first!);
    proxy.delay(300, "serverToClient");
    const user = { ...full, subscribe: ["unused"] };
    await server.reload(configOf({ user }));
    const reason = await reasonOf(() => store.saveEvent(second!));
    assert(reason instanceof SaveOutcomeUnknownError);
    assert(reason.cause instanceof PermissionDeniedError);
    const later = await reasonOf(() => store.saveEvent(third!));
    assert(later instanceof PermissionDeniedError);
    await using judge = await JetStreamEventStore.open(admin);
    assertEquals(await judge.getEvents("a"), [first, second]);
  }));
