/** Servers and streams that a store can't be opened on. */

import { jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import {
  ConnectionClosedError,
  PermissionDeniedError,
} from "../../internal/nats/errors.ts";
import {
  JetStreamUnavailableError,
  StreamSetupError,
} from "../../store/jetstream/errors.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import { makeEvent } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import type { NatsServer, NatsServerOptions } from "../support/nats_server.ts";
import { renderUser, storePermissions } from "../support/permissions.ts";
import { assertRefusedAtOnce, refusalOf } from "../support/refusals.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withCluster, withServer } from "../support/with_server.ts";

const open = (nc: NatsConnection, options?: JetStreamEventStoreOptions) =>
  JetStreamEventStore.open(nc, options);

/** Registers a test with a server and a connection to it. */
function test(
  name: string,
  options: NatsServerOptions,
  body: (nc: NatsConnection, server: NatsServer) => Promise<void>,
): void {
  Deno.test(name, () =>
    withServer(options, async (server) => {
      await using nc = await connect(server);
      await body(nc, server);
    }));
}

/** A server whose accounts may do different things. */
const accounts = `accounts {
  NONE { users: [{ user: none, password: p }] }
  ONE { jetstream { max_streams: 1 }, users: [{ user: one, password: p }] }
  SMALL { jetstream { max_file: 100K }, users: [{ user: small, password: p }] }
  MEMORY { jetstream { max_file: 0, max_mem: 1M }, users: [{ user: memory, password: p }] }
}`;

test(
  "open() fails when JetStream is not enabled",
  { jetstream: false },
  async (nc) => {
    for (const create of [true, false]) {
      await assertRefusedAtOnce(
        () => open(nc, { create }),
        JetStreamUnavailableError,
        {},
        "Cannot open store",
        "`jetstream`",
      );
    }
  },
);

Deno.test("open() fails when JetStream is not enabled for the account", () =>
  withServer({ config: accounts }, async (server) => {
    await using nc = await connect(server, { user: "none", pass: "p" });
    await assertRefusedAtOnce(
      () => open(nc),
      JetStreamUnavailableError,
      {},
      "account",
    );
  }));

Deno.test("open() fails when the server is older than 2.12", () =>
  withServer({ version: "2.11.x" }, async (server) => {
    await using nc = await connect(server);
    for (const create of [true, false]) {
      await assertRefusedAtOnce(
        () => open(nc, { create }),
        StreamSetupError,
        { code: "unsupported-server" },
        "2.12 or newer is needed",
        `connected to ${server.version}`,
        "upgrade",
      );
    }
    const jsm = await jetstreamManager(nc);
    assertEquals((await jsm.getAccountInfo()).streams, 0);
  }));

test(
  "open() fails when there is no stream and it is not to be made",
  {},
  async (nc) => {
    await assertRefusedAtOnce(
      () => open(nc, { create: false, namespace: "orders" }),
      StreamSetupError,
      { code: "not-found", stream: "AETHER_orders" },
      "create: true",
    );
    const jsm = await jetstreamManager(nc);
    assertEquals((await jsm.getAccountInfo()).streams, 0);
  },
);

test(
  "open() fails when the bucket of snapshots is missing and it is not to be made",
  {},
  async (nc) => {
    const store = await open(nc);
    const event = makeEvent("a", 1);
    await store.saveEvent(event);
    await store.close();
    const jsm = await jetstreamManager(nc);
    await jsm.streams.delete("KV_AETHER_SNAPSHOTS_default");
    await assertRefusedAtOnce(
      () => open(nc, { create: false }),
      StreamSetupError,
      { code: "not-found", stream: "KV_AETHER_SNAPSHOTS_default" },
    );
    await using again = await open(nc);
    assertEquals(await again.getEvents("a"), [event]);
    assertEquals(await again.getLatestSnapshot("a"), undefined);
  },
);

test(
  "open() fails when what should be the bucket is another stream",
  {},
  async (nc) => {
    const jsm = await jetstreamManager(nc);
    const name = "KV_AETHER_SNAPSHOTS_default";
    await jsm.streams.add({ name, subjects: ["elsewhere.>"] });
    const { differences } = await assertRefusedAtOnce(
      () => open(nc),
      StreamSetupError,
      { code: "different", stream: name },
    );
    const expected = ["$KV.AETHER_SNAPSHOTS_default.>"];
    const found = ["elsewhere.>"];
    assertEquals(differences, [{ setting: "subjects", expected, found }]);
  },
);

Deno.test("open() fails when there is no stream and no right to make it", () => {
  const permissions = storePermissions({ create: false });
  const users = [
    renderUser("user", "p", permissions),
    renderUser("half", "p", {
      ...permissions,
      publish: [
        ...permissions.publish,
        "$JS.API.STREAM.CREATE.AETHER_default",
      ],
    }),
  ];
  const config = `authorization { users: [\n${users.join("")}] }`;
  return withServer({ config }, async (server) => {
    for (
      const [user, stream] of [
        ["user", "AETHER_default"],
        ["half", "KV_AETHER_SNAPSHOTS_default"],
      ] as const
    ) {
      await using nc = await connect(server, { user, pass: "p" });
      const subject = `$JS.API.STREAM.CREATE.${stream}`;
      await assertRefusedAtOnce(
        () => open(nc),
        PermissionDeniedError,
        { operation: "publish", subject },
        subject,
        "grant",
      );
      await assertRefusedAtOnce(
        () => open(nc, { create: false }),
        StreamSetupError,
        { code: "not-found", stream },
      );
    }
  });
});

test("open() fails when one server is asked for replicas", {}, async (nc) => {
  for (const replicas of [2, 3, 5]) {
    await assertRefusedAtOnce(
      () => open(nc, { replicas }),
      StreamSetupError,
      { code: "too-few-servers", stream: "AETHER_default" },
      `${replicas} replica(s)`,
      "add servers or ask for fewer",
    );
  }
  await using _store = await open(nc, { replicas: 1 });
});

Deno.test("open() fails when three servers are asked for five replicas", () =>
  withCluster({}, async (cluster) => {
    await using nc = await connect(cluster);
    await assertRefusedAtOnce(
      () => open(nc, { replicas: 5 }),
      StreamSetupError,
      { code: "too-few-servers", stream: "AETHER_default" },
      "5 replica(s)",
    );
    await using store = await open(nc, { replicas: 3 });
    await store.saveEvent(makeEvent("a", 1));
  }));

Deno.test("open() fails when there is no room for the stream", () =>
  withServer({ config: accounts }, async (server) => {
    for (
      const [user, options, stream] of [
        ["one", {}, "KV_AETHER_SNAPSHOTS_default"],
        ["small", { maxBytes: 1_000_000 }, "AETHER_default"],
        ["memory", {}, "AETHER_default"],
        ["memory", { storage: "memory", maxBytes: 2 ** 30 }, "AETHER_default"],
      ] as const
    ) {
      await using nc = await connect(server, { user, pass: "p" });
      const error = await assertRefusedAtOnce(
        () => open(nc, options),
        StreamSetupError,
        { code: "refused", stream },
        "Cannot open store: the server did not create stream",
        "room",
      );
      assert(error.cause instanceof Error);
      assert(error.message.includes(error.cause.message));
    }
    await using nc = await connect(server, { user: "memory", pass: "p" });
    await using store = await open(nc, { storage: "memory" });
    await store.saveEvent(makeEvent("a", 1));
  }));

test(
  "open() fails when another stream has taken the subjects",
  {},
  async (nc) => {
    const jsm = await jetstreamManager(nc);
    const retention = RetentionPolicy.Limits;
    await jsm.streams.add({ name: "all", subjects: ["aether.>"], retention });
    await assertRefusedAtOnce(
      () => open(nc),
      StreamSetupError,
      { code: "refused", stream: "AETHER_default" },
      "overlap",
      "other subjects",
    );
    await using _store = await open(nc, { prefix: "another" });
  },
);

test(
  "open() leaves no subscription behind when it fails",
  {},
  async (nc, server) => {
    const subscriptions = async () => {
      // A client of its own, so that no idle connection stays behind.
      using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const response = await fetch(`${server.monitorUrl}/connz`, { client });
      const { connections } = await response.json();
      return connections[0].subscriptions as number;
    };
    const before = await subscriptions();
    for (let i = 0; i < 3; i++) {
      await assertRefusedAtOnce(
        () => open(nc, { create: false }),
        StreamSetupError,
        { code: "not-found" },
      );
    }
    await nc.flush();
    assertEquals(await subscriptions(), before);
  },
);

test("open() fails when the connection is closed", {}, async (nc) => {
  await nc.close();
  await assertRefusedAtOnce(() => open(nc), ConnectionClosedError);
});

test(
  "open() fails with the signal's reason when it is aborted",
  {},
  async (nc, server) => {
    const aborted = AbortSignal.abort(new Error("given up before"));
    assertEquals(
      await refusalOf(() => open(nc, { signal: aborted })),
      aborted.reason,
    );
    const controller = new AbortController();
    const { signal } = controller;
    await server.pause();
    const opening = refusalOf(() => open(nc, { signal }));
    controller.abort(new Error("given up"));
    assertEquals(await opening, signal.reason);
    server.resume();
    // An open store does not listen to it any more.
    const later = new AbortController();
    await using store = await open(nc, { signal: later.signal });
    later.abort();
    await store.saveEvent(makeEvent("a", 1));
  },
);

Deno.test("open() waits for a connection that is down, and no longer", () =>
  withServer({}, async (server) => {
    await using proxy = await TcpProxy.start({
      upstream: { port: server.port },
    });
    await using nc = await connect(proxy);
    await proxy.refuse();
    proxy.cut();
    await waitFor(() => nc.info === undefined);
    const opening = open(nc);
    await proxy.accept();
    const began = performance.now();
    await using store = await opening;
    assert(performance.now() - began < 4_000, "as long as a lost request");
    assertEquals(await store.getLatestVersion("a"), 0);
  }));

Deno.test("open() begins anew when the connection drops meanwhile", () =>
  withServer({}, async (server) => {
    await using proxy = await TcpProxy.start({
      upstream: { port: server.port },
    });
    for (const endpoint of ["INFO", "STREAM.INFO", "STREAM.CREATE"]) {
      await using nc = await connect(proxy);
      const { publish } = nc;
      let cuts = 0;
      nc.publish = (subject, ...rest) => {
        if (cuts === 0 && subject.startsWith(`$JS.API.${endpoint}`)) {
          cuts++;
          proxy.cut();
        }
        publish.call(nc, subject, ...rest);
      };
      const namespace = endpoint.toLowerCase();
      await using store = await open(nc, { namespace });
      assertEquals(cuts, 1);
      assertEquals(await store.getLatestVersion("a"), 0);
    }
  }));

test("open() opens one store when many open it at once", {}, async (nc) => {
  const stores = await Promise.all(
    Array.from({ length: 8 }, () => open(nc)),
  );
  await stores[0]!.saveEvent(makeEvent("a", 1));
  for (const store of stores) {
    assertEquals(await store.getLatestVersion("a"), 1);
    await store.close();
  }
});
