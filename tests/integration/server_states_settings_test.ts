/** Streams with other settings than the layout needs. */

import {
  DiscardPolicy,
  RetentionPolicy,
  type StreamConfig,
} from "@nats-io/jetstream";
import { assertEquals } from "@std/assert";
import { StreamSetupError } from "../../store/jetstream/errors.ts";
import { makeEvent } from "../support/contract/helpers.ts";
import {
  type Differences,
  HandmadeStream,
  settingsOf,
} from "../support/handmade_stream.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";

let stream: HandmadeStream;

Deno.test.beforeAll(async () => {
  stream = await HandmadeStream.start();
});

Deno.test.afterAll(() => stream[Symbol.asyncDispose]());

Deno.test("open() takes a stream when it was made by hand and fits", () =>
  stream.with({}, async () => {
    await using store = await stream.open();
    await store.saveEvents([makeEvent("a", 1), makeEvent("b", 1)]);
    assertEquals(await store.getLatestVersion("b"), 1);
  }));

/** A setting the layout needs, and what is found in its place. */
const needed: Record<string, {
  config: Partial<StreamConfig>;
  differences: Differences;
}> = {
  "of other subjects": {
    config: { subjects: ["aether.events.orders.a"] },
    differences: {
      subjects: {
        expected: ["aether.events.orders.>"],
        found: ["aether.events.orders.a"],
      },
    },
  },
  "of more subjects": {
    config: { subjects: ["aether.events.orders.>", "more"] },
    differences: {
      subjects: {
        expected: ["aether.events.orders.>"],
        found: ["aether.events.orders.>", "more"],
      },
    },
  },
  "that forgets what is consumed": {
    config: { retention: RetentionPolicy.Interest },
    differences: { retention: { expected: "limits", found: "interest" } },
  },
  "that is a work queue": {
    config: { retention: RetentionPolicy.Workqueue },
    differences: { retention: { expected: "limits", found: "workqueue" } },
  },
  "that forgets the oldest when it is full": {
    config: { discard: DiscardPolicy.Old },
    differences: { discard: { expected: "new", found: "old" } },
  },
  "that keeps only some of each actor": {
    config: { max_msgs_per_subject: 10 },
    differences: { max_msgs_per_subject: { expected: -1, found: 10 } },
  },
  "that refuses more of an actor": {
    config: { max_msgs_per_subject: 10, discard_new_per_subject: true },
    differences: {
      max_msgs_per_subject: { expected: -1, found: 10 },
      discard_new_per_subject: { expected: false, found: true },
    },
  },
  "that lets events be deleted": {
    config: { deny_delete: false },
    differences: { deny_delete: { expected: true, found: false } },
  },
  "that lets events be purged": {
    config: { deny_purge: false },
    differences: { deny_purge: { expected: true, found: false } },
  },
  "that lets a message purge others": {
    config: { deny_purge: false, allow_rollup_hdrs: true },
    differences: {
      deny_purge: { expected: true, found: false },
      allow_rollup_hdrs: { expected: false, found: true },
    },
  },
  "that can't be read directly": {
    config: { allow_direct: false },
    differences: { allow_direct: { expected: true, found: false } },
  },
  "that takes no batches": {
    config: { allow_atomic: false },
    differences: { allow_atomic: { expected: true, found: undefined } },
  },
  "that acknowledges before it has stored": {
    config: {
      allow_atomic: false,
      persist_mode: "async",
    } as Partial<StreamConfig>,
    differences: {
      allow_atomic: { expected: true, found: undefined },
      persist_mode: { expected: "default", found: "async" },
    },
  },
  "that does not acknowledge": {
    config: { no_ack: true },
    differences: { no_ack: { expected: false, found: true } },
  },
  "whose messages may expire one by one": {
    config: { allow_msg_ttl: true },
    differences: { allow_msg_ttl: { expected: false, found: true } },
  },
  "that renames subjects": {
    config: {
      subject_transform: {
        src: "aether.events.orders.>",
        dest: "aether.events.orders.x.>",
      },
    },
    differences: {
      subject_transform: {
        expected: false,
        found: {
          src: "aether.events.orders.>",
          dest: "aether.events.orders.x.>",
        },
      },
    },
  },
  "that has other sources": {
    config: { sources: [{ name: "ANOTHER" }] },
    differences: {
      sources: { expected: false, found: [{ name: "ANOTHER" }] },
    },
  },
};

for (const [what, { config, differences }] of Object.entries(needed)) {
  Deno.test(`stream.open() fails when there is a stream ${what}`, () =>
    stream.with(config, () => stream.assertDiffers({}, differences)));
}

Deno.test("open() fails when there is a mirror", async () => {
  await stream.jsm.streams.add({ name: "ORIGIN", subjects: ["origin.>"] });
  try {
    await stream.jsm.streams.add({
      name: stream.name,
      mirror: { name: "ORIGIN" },
      metadata: { "aether.layout": "1" },
    });
    const error = await assertRefusedAtOnce(
      () => stream.open(),
      StreamSetupError,
      { code: "different" },
    );
    const settings = error.differences.map(({ setting }) => setting);
    assertEquals(settings.includes("mirror"), true, error.message);
    assertEquals(settings.includes("subjects"), true, error.message);
  } finally {
    await stream.jsm.streams.delete(stream.name);
    await stream.jsm.streams.delete("ORIGIN");
  }
});

Deno.test("open() fails when the stream is sealed", () =>
  stream.with({}, async () => {
    await stream.jsm.streams.update(
      stream.name,
      { sealed: true } as Partial<StreamConfig>,
    );
    const { differences } = await assertRefusedAtOnce(
      () => stream.open(),
      StreamSetupError,
      { code: "different" },
    );
    const expected = { setting: "sealed", expected: false, found: true };
    assertEquals(differences, [expected]);
  }));

for (
  const [what, metadata, layout, words] of [
    ["is newer", { "aether.layout": "2" }, "2", ['layout "2"', "newer"]],
    ["is odd", { "aether.layout": " 1" }, " 1", ['layout " 1"']],
    ["is empty", { "aether.layout": "" }, "", ['layout ""']],
    ["is missing", { other: "1" }, undefined, ["not made by this library"]],
    ["is missing with all metadata", undefined, undefined, ["namespace"]],
  ] as const
) {
  Deno.test(`stream.open() fails when the layout ${what}`, () =>
    stream.with({ metadata: metadata ?? {} }, async () => {
      const before = settingsOf(await stream.jsm.streams.info(stream.name));
      for (const create of [true, false]) {
        const { differences } = await assertRefusedAtOnce(
          () => stream.open({ create }),
          StreamSetupError,
          { code: "unsupported-layout", stream: stream.name },
          stream.name,
          ...words,
        );
        const setting = "metadata.aether.layout";
        assertEquals(differences, [{ setting, expected: "1", found: layout }]);
      }
      assertEquals(
        settingsOf(await stream.jsm.streams.info(stream.name)),
        before,
      );
    }));
}
