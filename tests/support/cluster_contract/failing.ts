/**
 * The theme of the cluster contract on handlers that fail, and on what can't be
 * sent.
 *
 * @module
 */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  ActorHandlerError,
  HandlerError,
  RequestLostError,
} from "../../../cluster/mod.ts";
import { Rejection } from "../../../decider/mod.ts";
import { actorOf, type ClusterContract } from "./fixture.ts";

/** Registers the theme. */
export function failingContract({ test }: ClusterContract): void {
  test("what a handler throws reaches the caller without its stack, and onError with it", async (fixture) => {
    class Refusal extends Error {
      override readonly name = "Refusal";
      readonly code = "too-poor";
      readonly data = { balance: 3 };
    }
    const thrown: Record<string, unknown> = {
      refusal: new Refusal("Not enough money"),
      text: "just text",
      nothing: Object.create(null),
      unreadable: new Proxy(new Error("hidden"), {
        get: (target, name) => {
          if (name === "message") throw new Error("no");
          return Reflect.get(target, name);
        },
      }),
    };
    const [one] = await fixture.form(
      2,
      (each) =>
        each.handle<string, never>("fail", (_, how) => {
          throw thrown[how];
        }),
    );
    for (const isOwn of [true, false]) {
      const actorId = actorOf(one!, isOwn);
      const fail = (how: string) =>
        assertRejects(
          () => one!.actors("fail").request(actorId, how),
          HandlerError,
          `Cannot request actor "${actorId}" of kind "fail": its handler failed`,
        );
      const refused = await fail("refusal");
      const { errorName, errorMessage, code, data, begun } = refused;
      assertEquals({ errorName, errorMessage, code, data, begun }, {
        errorName: "Refusal",
        errorMessage: "Not enough money",
        code: "too-poor",
        data: { balance: 3 },
        begun: "unknown",
      });
      assertEquals("cause" in refused, false);
      assertEquals(fixture.takeErrors(), [], "one with a code is no bug");
      assertEquals((await fail("text")).errorMessage, "just text");
      await fail("nothing");
      await fail("unreadable");
      const told = fixture.takeErrors();
      assertEquals(told.map((error) => (error as Error).cause), [
        thrown.text,
        thrown.nothing,
        thrown.unreadable,
      ]);
      for (const error of told) {
        assertInstanceOf(error, ActorHandlerError);
        assertEquals([error.kind, error.actorId], ["fail", actorId]);
      }
    }
  });

  test("a rejection reaches every caller as one", async (fixture) => {
    const [one] = await fixture.form(
      2,
      (each) =>
        each.handle("refuse", () => {
          throw new Rejection("too-poor", "Not enough money", { balance: 3 });
        }),
    );
    for (const isOwn of [true, false]) {
      const error = await assertRejects(
        () => one!.actors("refuse").request(actorOf(one!, isOwn), null),
        Rejection,
        "Not enough money",
      );
      assertEquals([error.code, error.data], ["too-poor", { balance: 3 }]);
    }
    const { answered, unanswered } = one!.metrics;
    assertEquals([answered, unanswered], [2, 0]);
  });

  test("what is not JSON is refused with the path to it, never changed", async (fixture) => {
    const replies: Record<string, unknown> = {
      bigint: 1n,
      map: { of: new Map() },
      date: [new Date(0)],
      number: { n: NaN },
    };
    const [one] = await fixture.form(
      2,
      (each) => each.handle<string, unknown>("big", (_, how) => replies[how]),
    );
    const actors = one!.actors<unknown, unknown>("big");
    for (const isOwn of [true, false]) {
      const actorId = actorOf(one!, isOwn);
      for (
        const [how, path] of [
          ["bigint", "reply"],
          ["map", "reply.of"],
          ["date", "reply[0]"],
          ["number", "reply.n"],
        ] as const
      ) {
        const error = await assertRejects(
          () => actors.request(actorId, how),
          HandlerError,
          `Cannot reply: ${path} must be JSON`,
        );
        assertEquals(error.errorName, "TypeError");
      }
      assertEquals(fixture.takeErrors().length, 4);
      for (
        const [payload, path] of [
          [{ at: new Date() }, "payload.at"],
          [[undefined], "payload[0]"],
          [() => 1, "payload"],
        ] as const
      ) {
        await assertRejects(
          () => actors.request(actorId, payload),
          TypeError,
          `${path} must be JSON`,
        );
      }
    }
  });

  test("a request that is being handled when its node leaves is lost, in time", async (fixture) => {
    const gate = Promise.withResolvers<void>();
    const begun = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const [one] = await fixture.form(
      2,
      (each, index) =>
        each.handle("hang", async () => {
          begun[index]!.resolve();
          await gate.promise;
        }),
      { hookTimeout: 100 },
    );
    const lost = [true, false].map((isOwn) =>
      assertRejects(
        () =>
          one!.actors("hang").request(actorOf(one!, isOwn), null, {
            timeout: 60_000,
          }),
        RequestLostError,
      )
    );
    await Promise.all(begun.map(({ promise }) => promise));
    await one!.leave({ timeout: 1_000 });
    for (const error of await Promise.all(lost)) {
      assertEquals(error.begun, "unknown");
    }
    gate.resolve();
    fixture.takeErrors(); // its hook did not settle in time
  });

  test("a client hosts nothing", (fixture) => {
    const client = fixture.make({ role: "client" });
    for (
      const host of [
        () => client.handle("kind", () => 1),
        () => client.forOwnedShards("work", { open: () => null as never }),
      ]
    ) {
      assertThrows(host, TypeError, "a client hosts nothing");
    }
    return Promise.resolve();
  });
}
