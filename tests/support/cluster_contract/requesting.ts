/**
 * The theme of the cluster contract on requests.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  ActorTimeoutError,
  type ClusterManager,
  NoOwnerError,
  OverloadedError,
  UnknownKindError,
} from "../../../cluster/mod.ts";
import { actorOf, type ClusterContract } from "./fixture.ts";

const PAYLOADS: readonly unknown[] = [
  null,
  0,
  "",
  "é😀\n",
  [1, "two", null],
  { a: { b: [{}] } },
];

/** Registers the theme. */
export function requestingContract({ test }: ClusterContract): void {
  test("a request is handled by the owner of its actor, with JSON or bytes", async (fixture) => {
    const echo = (manager: ClusterManager) =>
      manager.handle<unknown, unknown>("echo", (context, payload) => ({
        node: manager.nodeId,
        actorId: context.actorId,
        payload: payload instanceof Uint8Array ? [...payload] : payload,
      }));
    const bytes = (manager: ClusterManager) =>
      manager.handle<Uint8Array, Uint8Array>(
        "bytes",
        (_, payload) => payload.map((byte) => byte + 1),
      );
    const [manager] = await fixture.form(2, (each) => {
      echo(each);
      bytes(each);
    });
    const actors = manager!.actors<unknown, unknown>("echo");
    for (const isOwn of [true, false]) {
      const actorId = actorOf(manager!, isOwn);
      const node = isOwn ? "node-0" : "node-1";
      for (const payload of PAYLOADS) {
        const reply = await actors.request(actorId, payload);
        assertEquals(reply, { node, actorId, payload });
      }
      assertEquals(
        await actors.request(actorId, undefined),
        { node, actorId, payload: null },
      );
      const reply = await manager!.actors<Uint8Array, Uint8Array>("bytes")
        .request(actorId, new Uint8Array([0, 10, 200]));
      assertEquals(reply, new Uint8Array([1, 11, 201]));
    }
  });

  test("payloads and replies are copies, also on one node", async (fixture) => {
    const kept: { list: number[] }[] = [];
    const [manager] = await fixture.form(
      1,
      (each) =>
        each.handle<{ list: number[] }, { list: number[] }>(
          "keep",
          (_, payload) => {
            kept.push(payload);
            payload.list.push(2);
            return payload;
          },
        ),
    );
    const payload = { list: [1] };
    const reply = await manager!.actors<typeof payload, typeof payload>("keep")
      .request("a", payload);
    reply.list.push(3);
    assertEquals([payload.list, kept[0]!.list, reply.list], [
      [1],
      [1, 2],
      [1, 2, 3],
    ]);
  });

  test("a handler knows its request", async (fixture) => {
    const seen: unknown[] = [];
    const trace = { traceId: "1".repeat(32), spanId: "2".repeat(16) };
    const [one] = await fixture.form(
      2,
      (each) =>
        each.handle("look", (context) => {
          const { kind, actorId, commandId, epoch, shard, signal } = context;
          const left = context.deadline - performance.now();
          seen.push({
            kind,
            actorId,
            commandId,
            isOwner: context.isOwner(),
            isAborted: signal.aborted,
            isInTime: left > 0 && left <= 4_000,
            trace: context.trace?.traceparent,
          });
          return { epoch, shard };
        }),
      {
        activeSpan: () => ({ ...trace, traceFlags: 1 }),
      },
    );
    for (const isOwn of [true, false]) {
      const actorId = actorOf(one!, isOwn);
      const reply = await one!.actors<unknown, unknown>("look")
        .request(actorId, null, { commandId: "c-1", timeout: 4_000 });
      const { epoch, shard } = one!.ownerOf(actorId)!;
      assertEquals(reply, { epoch, shard });
      assertEquals(seen.pop(), {
        kind: "look",
        actorId,
        commandId: "c-1",
        isOwner: true,
        isAborted: false,
        isInTime: true,
        trace: `00-${trace.traceId}-${trace.spanId}-01`,
      });
    }
  });

  test("a kind that the owner does not host is an error, not begun", async (fixture) => {
    const [one] = await fixture.form(2, (each, index) => {
      if (index === 0) each.handle("only", () => 1);
    });
    const error = await assertRejects(
      () => one!.actors("only").request(actorOf(one!, false), null),
      UnknownKindError,
    );
    assertEquals([error.kind, error.begun], ["only", "no"]);
    assertEquals(await one!.actors("only").request(actorOf(one!, true), 1), 1);
  });

  test("requests of one actor are handled one at a time, in their order", async (fixture) => {
    const log: string[] = [];
    let running = 0;
    const [one] = await fixture.form(2, (each) => {
      each.handle<number, void>("ordered", async (_, n) => {
        assertEquals(++running, 1);
        await new Promise((resolve) => setTimeout(resolve, n % 3));
        log.push(String(n));
        running--;
      });
    });
    for (const isOwn of [true, false]) {
      log.length = 0;
      const actorId = actorOf(one!, isOwn);
      const actors = one!.actors<number, void>("ordered");
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => actors.request(actorId, n)),
      );
      assertEquals(log, Array.from({ length: 20 }, (_, n) => String(n)));
    }
  });

  test("requests of different actors, and of unordered kinds, are handled at once", async (fixture) => {
    const gate = Promise.withResolvers<void>();
    let running = 0;
    const handler = async () => {
      if (++running === 3) gate.resolve();
      await gate.promise;
    };
    const [one] = await fixture.form(1, (each) => {
      each.handle("ordered", handler);
      each.handle("unordered", handler, { ordered: false });
    });
    await Promise.all(
      ["a", "b", "c"].map((id) => one!.actors("ordered").request(id, null)),
    );
    running = 0;
    await Promise.all(
      [1, 2, 3].map(() => one!.actors("unordered").request("a", null)),
    );
  });

  test("what is not answered in time fails, and what waits too long is dropped", async (fixture) => {
    const gate = Promise.withResolvers<void>();
    const handled: number[] = [];
    const [one, two] = await fixture.form(
      2,
      (each) => {
        each.handle<number, void>("slow", async (_, n) => {
          handled.push(n);
          await gate.promise;
        });
        each.handle("ping", () => null);
      },
    );
    const timeout = 60;
    for (const isOwn of [true, false]) {
      handled.length = 0;
      const actorId = actorOf(one!, isOwn);
      const actors = one!.actors<number, void>("slow");
      const first = actors.request(actorId, 1, { timeout });
      const second = actors.request(actorId, 2, { timeout });
      const errors = await Promise.all(
        [first, second].map((each) =>
          assertRejects(() => each, ActorTimeoutError)
        ),
      );
      assertEquals(errors[0]!.begun, "unknown");
      assertEquals(handled, [1]);
      // Answered behind the second request, whose time runs from its arrival.
      await one!.actors("ping").request(actorId, null);
    }
    await new Promise((resolve) => setTimeout(resolve, timeout + 1));
    gate.resolve();
    // The second requests are not handled when their turn comes.
    await one!.actors("slow").request(actorOf(one!, true), 3);
    await one!.actors("slow").request(actorOf(one!, false), 4);
    assertEquals(handled.includes(2), false);
    assertEquals(one!.metrics.expired + two!.metrics.expired, 2);
  });

  test("request() is given up by its signal", async (fixture) => {
    const gate = Promise.withResolvers<void>();
    const [one] = await fixture.form(
      2,
      (each) => each.handle("slow", () => gate.promise),
    );
    const reason = new Error("enough");
    for (const isOwn of [true, false]) {
      const actors = one!.actors("slow");
      const actorId = actorOf(one!, isOwn);
      const given = AbortSignal.abort(reason);
      const before = await assertRejects(() =>
        actors.request(actorId, 1, { signal: given })
      );
      assertEquals(before, reason);
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = actors.request(actorId, 1, { signal });
      controller.abort(reason);
      assertEquals(await assertRejects(() => waiting), reason);
    }
    gate.resolve();
  });

  test("too much is refused at once, not begun", async (fixture) => {
    const gate = Promise.withResolvers<void>();
    const limits = { maxQueuedPerActor: 2, maxQueued: 5 };
    const [one] = await fixture.form(
      1,
      (each) => each.handle("slow", () => gate.promise),
      limits,
    );
    const actors = one!.actors("slow");
    const waiting = [1, 2, 3].map((n) => actors.request("a", n));
    const error = await assertRejects(
      () => actors.request("a", 4),
      OverloadedError,
    );
    assertEquals(error.begun, "no");
    waiting.push(actors.request("b", 5), actors.request("c", 6));
    await assertRejects(() => actors.request("d", 7), OverloadedError);
    gate.resolve();
    await Promise.all(waiting);
    assertEquals(one!.metrics.overloaded, 2);
  });

  test("a client that hosts nothing finds actors, also before there are any", async (fixture) => {
    const client = fixture.make({ role: "client", nodeId: "client" });
    await client.start();
    const actors = client.actors<number, number>("double");
    const none = await assertRejects(
      () => actors.request("a", 1, { timeout: 150 }),
      NoOwnerError,
    );
    assertEquals(none.begun, "no");
    const early = actors.request("a", 21, { timeout: 20_000 });
    await fixture.form(
      2,
      (each) => each.handle<number, number>("double", (_, n) => 2 * n),
    );
    assertEquals(await early, 42);
    assertEquals(await actors.request("b", 4), 8);
    assertEquals(client.shards(), []);
    await client.leave();
  });
}
