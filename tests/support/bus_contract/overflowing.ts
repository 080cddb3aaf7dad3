/**
 * What happens when nobody reads.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { SlowSubscriberError } from "../../../bus/mod.ts";
import type { BusContract } from "./fixture.ts";
import {
  assertErrorIs,
  BusReader,
  inPlace,
  makeEvent,
  publishVersions,
  reasonOf,
  upTo,
  versionsOf,
} from "./helpers.ts";

/** Registers the tests. */
export function overflowingContract({ test, testWith }: BusContract): void {
  test("100 events wait and newer ones are dropped by default", async (fixture) => {
    const dropped: number[] = [];
    await using subscription = fixture.bus.subscribe("orders", {
      onDrop: (event, namespace) => {
        assertEquals(namespace, "orders");
        dropped.push(event.version);
      },
    });
    await inPlace(subscription);
    await publishVersions(fixture, upTo(103));
    assertEquals([subscription.pending, subscription.dropped], [100, 3]);
    assertEquals(dropped, [101, 102, 103]);
    const reader = new BusReader(subscription);
    assertEquals(await reader.versions(100), upTo(100));
    assertEquals([subscription.pending, subscription.delivered], [0, 100]);
    await publishVersions(fixture, [104]);
    assertEquals(await reader.versions(1), [104]);
    assertEquals(subscription.dropped, 3);
  });

  test("drop-oldest keeps the newest", async (fixture) => {
    const dropped: number[] = [];
    await using subscription = fixture.bus.subscribe("orders", {
      buffer: 3,
      overflow: "drop-oldest",
      onDrop: ({ version }) => dropped.push(version),
    });
    await inPlace(subscription);
    await publishVersions(fixture, upTo(5));
    assertEquals([subscription.pending, subscription.dropped], [3, 2]);
    assertEquals(dropped, [1, 2]);
    assertEquals(await versionsOf(fixture, subscription), [3, 4, 5]);
  });

  test("error ends it after what it holds, and says why once", async (fixture) => {
    const dropped: number[] = [];
    const subscription = fixture.bus.subscribe("orders", {
      buffer: 2,
      overflow: "error",
      onDrop: ({ version }) => dropped.push(version),
    });
    await inPlace(subscription);
    await publishVersions(fixture, upTo(5));
    assertEquals([subscription.pending, subscription.dropped], [2, 1]);
    assertEquals(dropped, [3]);
    const reader = new BusReader(subscription);
    assertEquals(await reader.versions(2), [1, 2]);
    const reason = await reasonOf(() => reader.next());
    assertErrorIs(reason, SlowSubscriberError, {
      pattern: "orders",
      buffer: 2,
    });
    assertEquals(await reader.done(), true);
    assertEquals([subscription.delivered, subscription.dropped], [2, 1]);
    await subscription.close();
  });

  test("close() after error leaves nothing to be told", async (fixture) => {
    const subscription = fixture.bus.subscribe("orders", {
      buffer: 1,
      overflow: "error",
    });
    await inPlace(subscription);
    await publishVersions(fixture, upTo(3));
    await subscription.close();
    assertEquals(subscription.pending, 0);
    assertEquals(await new BusReader(subscription).done(), true);
  });

  test("a buffer of one holds one", async (fixture) => {
    await using subscription = fixture.bus.subscribe("orders", { buffer: 1 });
    await inPlace(subscription);
    await publishVersions(fixture, upTo(2));
    assertEquals([subscription.pending, subscription.dropped], [1, 1]);
  });

  test("an event that somebody waits for needs no room", async (fixture) => {
    await using subscription = fixture.bus.subscribe("orders", { buffer: 1 });
    await inPlace(subscription);
    const reader = new BusReader(subscription);
    const waiting = reader.versions(1);
    await publishVersions(fixture, [1]);
    assertEquals(await waiting, [1]);
    await publishVersions(fixture, [2]);
    assertEquals([subscription.pending, subscription.dropped], [1, 0]);
  });

  testWith(
    "callbacks that throw break nothing and are told of",
    async (open) => {
      const errors: unknown[] = [];
      await using fixture = await open({
        onError: (error) => {
          errors.push(error);
          throw new Error("nor does this");
        },
      });
      const { bus } = fixture;
      const thrown = new Error("thrown");
      await using throws = bus.subscribe("orders", {
        buffer: 1,
        onDrop: () => {
          throw thrown;
        },
      });
      await using rejects = bus.subscribe("orders", {
        buffer: 1,
        // deno-lint-ignore require-await -- rejects
        onDrop: async () => {
          throw thrown;
        },
      });
      await using listens = bus.subscribe("orders");
      await inPlace(throws, rejects, listens);
      await publishVersions(fixture, upTo(3));
      assertEquals([throws.dropped, rejects.dropped], [2, 2]);
      assertEquals(listens.pending, 3);
      await Promise.resolve();
      assertEquals(errors, [thrown, thrown, thrown, thrown]);
    },
  );

  test("onDrop may close, subscribe and publish", async (fixture) => {
    const { bus, publisher } = fixture;
    const after = bus.subscribe("after");
    const subscription = bus.subscribe("orders", {
      buffer: 1,
      onDrop: async (event) => {
        await subscription.close();
        await bus.subscribe("orders").close();
        await publisher.publish("after", event);
      },
    });
    await inPlace(after, subscription);
    await publishVersions(fixture, upTo(4));
    await fixture.settle();
    assertEquals([subscription.dropped, subscription.pending], [1, 0]);
    assertEquals(await versionsOf(fixture, after), [2]);
    await after.close();
  });

  testWith("counts are exact whatever is published and read", async (open) => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ publish: fc.integer({ min: 1, max: 12 }) }),
        fc.record({ read: fc.integer({ min: 1, max: 12 }) }),
      ),
      { maxLength: 12 },
    );
    const options = fc.record({
      buffer: fc.integer({ min: 1, max: 9 }),
      overflow: fc.constantFrom("drop-newest", "drop-oldest"),
    });
    await using fixture = await open({});
    const { bus, publisher } = fixture;
    await fc.assert(
      fc.asyncProperty(options, steps, async (options, steps) => {
        const lost: number[] = [];
        await using subscription = bus.subscribe("orders", {
          ...options,
          onDrop: ({ version }) => lost.push(version),
        });
        await inPlace(subscription);
        const reader = new BusReader(subscription);
        const waiting: number[] = [];
        const read: number[] = [];
        const dropped: number[] = [];
        const expected: number[] = [];
        let version = 0;
        for (const step of steps) {
          if ("publish" in step) {
            for (let i = 0; i < step.publish; i++) {
              waiting.push(++version);
              await publisher.publish("orders", makeEvent("o", version));
              if (waiting.length <= options.buffer) continue;
              dropped.push(
                options.overflow === "drop-oldest"
                  ? waiting.shift()!
                  : waiting.pop()!,
              );
            }
            await fixture.settle();
          } else {
            const count = Math.min(step.read, waiting.length);
            read.push(...await reader.versions(count));
            expected.push(...waiting.splice(0, count));
          }
          assertEquals(lost, dropped);
          assertEquals(read, expected);
          const { delivered, pending } = subscription;
          assertEquals(
            [delivered, pending, subscription.dropped],
            [read.length, waiting.length, dropped.length],
          );
          assert(delivered + pending + subscription.dropped === version);
        }
      }),
      { numRuns: 40 },
    );
  });
}
