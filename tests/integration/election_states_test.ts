/**
 * Elections on servers and buckets that are not as they should be.
 */

import { jetstreamManager, StorageType } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  ConnectionClosedError,
  ConnectionLostError,
  JetStreamUnavailableError,
  LeaderElection,
  StreamSetupError,
  UnsupportedRecordError,
} from "../../cluster/mod.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withServer } from "../support/with_server.ts";

const BUCKET = "AETHER_CLUSTER_default";
const stream = `KV_${BUCKET}`;
const options = { lease: 800 };

Deno.test("join() fails without JetStream", () =>
  withServer({ jetstream: false }, async (server) => {
    await using nc = await connect(server);
    await assertRefusedAtOnce(
      () => LeaderElection.join(nc),
      JetStreamUnavailableError,
      {},
      "Cannot join election",
      "JetStream is not enabled",
    );
  }));

Deno.test("join() fails when the server is older than 2.12", () =>
  withServer({ version: "2.11.x" }, async (server) => {
    await using nc = await connect(server);
    await assertRefusedAtOnce(
      () => LeaderElection.join(nc),
      StreamSetupError,
      { code: "unsupported-server" },
      "Cannot join election",
      "2.12 or newer",
    );
  }));

Deno.test("join() tells of a bucket that is missing, and makes none", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await assertRefusedAtOnce(
      () => LeaderElection.join(nc, { create: false }),
      StreamSetupError,
      { code: "not-found", stream },
      "Cannot join election",
      "create: true",
    );
    const jsm = await jetstreamManager(nc);
    assertEquals((await jsm.getAccountInfo()).streams, 0);
  }));

Deno.test("join() names each setting of a bucket that differs", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await new Kvm(nc).create(BUCKET, { history: 5, ttl: 60_000 });
    const error = await assertRefusedAtOnce(
      () => LeaderElection.join(nc, { replicas: 3 }),
      StreamSetupError,
      { code: "different", stream },
      "Cannot join election",
    );
    const settings = error.differences.map(({ setting }) => setting);
    for (
      const setting of [
        "max_msgs_per_subject",
        "max_age",
        "subjects",
        "num_replicas",
      ]
    ) assert(settings.includes(setting), `${setting} in ${settings}`);
  }));

Deno.test("join() fails on a connection that is closed, down, or silent", () =>
  withServer({}, async (server) => {
    const upstream = { port: server.port };
    await using proxy = await TcpProxy.start({ upstream });
    await using nc = await connect(proxy);
    proxy.pause();
    const controller = new AbortController();
    const { signal } = controller;
    const joining = LeaderElection.join(nc, { signal });
    const reason = new Error("enough");
    controller.abort(reason);
    assertEquals(await assertRejects(() => joining), reason);
    proxy.unpause();
    await nc.flush();
    const down = waitFor(async () => {
      for await (const { type } of nc.status()) return type === "disconnect";
    });
    await proxy.refuse();
    proxy.cut();
    await down;
    await assertRejects(
      () => LeaderElection.join(nc),
      ConnectionLostError,
      "Cannot join election",
    );
    await nc.close();
    await assertRefusedAtOnce(
      () => LeaderElection.join(nc),
      ConnectionClosedError,
      {},
      "Cannot join election",
    );
  }));

Deno.test("an election ends when its connection is closed", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await using election = await LeaderElection.join(nc, options);
    const terms = election.terms();
    const { value } = await terms.next();
    await nc.close();
    await assertRejects(() => terms.next(), ConnectionClosedError);
    assertEquals(election.isLeader(), false);
    assert(value!.signal.aborted);
  }));

Deno.test("a leader goes on when its bucket is deleted, and others know", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await using first = await LeaderElection.join(nc, options);
    const { value } = await first.terms().next();
    await using second = await LeaderElection.join(nc, options);
    const { streams } = await jetstreamManager(nc);
    const before = (await streams.info(stream)).config.subjects;
    await streams.delete(stream);
    const after = await waitFor(async () => {
      const { config, state } = await streams.info(stream);
      return state.messages > 0 && config.subjects;
    });
    assert(before[0] !== after[0]);
    assertEquals([first.term, second.isLeader()], [value!.term, false]);
    await first.close();
    await waitFor(() => second.isLeader());
    assert(second.term! > value!.term);
  }));

Deno.test("a leader goes on when its record is deleted or written over", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await using election = await LeaderElection.join(nc, options);
    const { value } = await election.terms().next();
    const { streams } = await jetstreamManager(nc);
    const [subject] = (await streams.info(stream)).config.subjects;
    const key = `${subject!.split(".")[2]}.lease.leader`;
    const kv = await new Kvm(nc).open(BUCKET);
    const isOwn = async () => {
      const text = (await kv.get(key))?.string() ?? "";
      return text.includes('"holder"');
    };
    for (const spoil of [() => kv.delete(key), () => kv.put(key, "nonsense")]) {
      await spoil();
      await waitFor(isOwn);
      assertEquals(election.term, value!.term);
    }
    assertEquals(election.metrics.lapsed, 0);
  }));

Deno.test("a candidate stays out where a newer version has the lease", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await using maker = await LeaderElection.join(nc, options);
    await maker.terms().next();
    await maker.close();
    const { streams } = await jetstreamManager(nc);
    const [subject] = (await streams.info(stream)).config.subjects;
    const key = `${subject!.split(".")[2]}.lease.leader`;
    const kv = await new Kvm(nc).open(BUCKET);
    await kv.put(key, JSON.stringify({ format: 2 }));
    const errors: unknown[] = [];
    await using election = await LeaderElection.join(nc, {
      ...options,
      onError: (error) => errors.push(error),
    });
    // It goes on looking, longer than any lease, and says why once.
    await waitFor(() => election.metrics.failedRequests > 20);
    assertEquals(election.isLeader(), false);
    assertEquals(errors.length, 1);
    assertInstanceOf(errors[0], UnsupportedRecordError);
  }));

Deno.test("what is stored bears the trace context of the caller", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    const span = {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      traceFlags: 1,
    };
    const activeSpan = () => span;
    await using election = await LeaderElection.join(nc, {
      ...options,
      activeSpan,
    });
    await election.terms().next();
    const { streams } = await jetstreamManager(nc);
    const message = await streams.getMessage(stream, {
      last_by_subj: "$KV.*.*.lease.leader",
    });
    assertEquals(
      message?.header.get("traceparent"),
      `00-${span.traceId}-${span.spanId}-01`,
    );
    const { config } = await streams.info(stream);
    assertEquals([config.storage, config.num_replicas], [StorageType.File, 1]);
  }));

Deno.test("a frozen server is left when the connection may reconnect", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start({ upstream: { port: server.port } });
  await using nc = await connect(proxy);
  await using election = await LeaderElection.join(nc, options);
  await using own = await connect(proxy);
  await using stays = await LeaderElection.join(own, {
    ...options,
    reconnect: false,
  });
  await waitFor(() => election.isLeader() || stays.isLeader());
  // Both sides stay open, and nothing comes through, also on new connections.
  proxy.pause();
  await waitFor(() => election.metrics.reconnects > 0);
  await waitFor(() => stays.metrics.failedRequests > 6);
  assertEquals(stays.metrics.reconnects, 0);
  proxy.unpause();
  await waitFor(() => election.isLeader() || stays.isLeader());
});
