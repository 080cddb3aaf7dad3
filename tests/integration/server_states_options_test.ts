/** Streams that differ from what the options of a store ask for. */

import {
  DiscardPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import { assertEquals } from "@std/assert";
import type { JetStreamEventStoreOptions } from "../../store/jetstream/jetstream_event_store.ts";
import { makeEvent } from "../support/contract/helpers.ts";
import {
  type Differences,
  HandmadeStream,
  settingsOf,
} from "../support/handmade_stream.ts";

const nanos = (ms: number) => ms * 1e6;

let stream: HandmadeStream;

Deno.test.beforeAll(async () => {
  stream = await HandmadeStream.start();
});

Deno.test.afterAll(() => stream[Symbol.asyncDispose]());

/** Options, what stream they are asked of, and how that differs. */
const options: readonly {
  options: JetStreamEventStoreOptions;
  config?: Partial<StreamConfig>;
  differences: Differences;
}[] = [
  {
    options: { replicas: 3 },
    differences: { num_replicas: { expected: 3, found: 1 } },
  },
  {
    options: { storage: "memory" },
    differences: { storage: { expected: "memory", found: "file" } },
  },
  {
    options: { storage: "file" },
    config: { storage: StorageType.Memory },
    differences: { storage: { expected: "file", found: "memory" } },
  },
  {
    options: { maxAge: 60_000 },
    differences: { max_age: { expected: nanos(60_000), found: 0 } },
  },
  {
    options: { maxAge: 60_000 },
    config: { max_age: nanos(61_000) },
    differences: { max_age: { expected: nanos(60_000), found: nanos(61_000) } },
  },
  {
    options: { maxBytes: 10_000 },
    differences: { max_bytes: { expected: 10_000, found: -1 } },
  },
  {
    options: { maxBytes: 10_000 },
    config: { max_bytes: 9_999 },
    differences: { max_bytes: { expected: 10_000, found: 9_999 } },
  },
  {
    options: { maxMessages: 7 },
    config: { max_msgs: 8 },
    differences: { max_msgs: { expected: 7, found: 8 } },
  },
  {
    options: { duplicateWindow: 31_000 },
    differences: {
      duplicate_window: { expected: nanos(31_000), found: nanos(30_000) },
    },
  },
];

for (const { options: asked, config = {}, differences } of options) {
  const found = JSON.stringify(config);
  Deno.test(`stream.open() fails when it is asked for ${JSON.stringify(asked)} and the stream has ${found}`, () =>
    stream.with(config, () => stream.assertDiffers(asked, differences)));
}

Deno.test("open() takes what there is when options are left out", async () => {
  const config: Partial<StreamConfig> = {
    storage: StorageType.Memory,
    max_age: nanos(3_600_000),
    max_bytes: 100_000,
    max_msgs: 1_000,
    duplicate_window: nanos(5_000),
    description: "kept by hand",
    max_consumers: 50,
    metadata: { "aether.layout": "1", owner: "me" },
  };
  await stream.with(config, async () => {
    const before = settingsOf(await stream.jsm.streams.info(stream.name));
    const all = {
      replicas: 1,
      storage: "memory",
      maxAge: 3_600_000,
      maxBytes: 100_000,
      maxMessages: 1_000,
      duplicateWindow: 5_000,
    } as const;
    const { maxBytes, maxAge } = all;
    for (const options of [{}, all, { maxBytes }, { maxAge }]) {
      await using store = await stream.open(options);
      const version = await store.getLatestVersion("a") + 1;
      await store.saveEvent(makeEvent("a", version));
    }
    assertEquals(
      settingsOf(await stream.jsm.streams.info(stream.name)),
      before,
    );
  });
});

Deno.test("open() makes a stream with what it is asked for", async () => {
  const options: JetStreamEventStoreOptions = {
    storage: "memory",
    maxAge: 20_000,
    maxBytes: 100_000,
    maxMessages: 100,
  };
  await using _store = await stream.open(options);
  try {
    const { config } = await stream.jsm.streams.info(stream.name);
    assertEquals(config.storage, "memory");
    assertEquals(config.max_age, nanos(20_000));
    assertEquals(config.max_bytes, 100_000);
    assertEquals(config.max_msgs, 100);
    // A window is never longer than the age.
    assertEquals(config.duplicate_window, nanos(20_000));
    await using _again = await stream.open(options);
  } finally {
    await stream.jsm.streams.delete(stream.name);
  }
});

Deno.test("open() names every difference when there are several", () =>
  stream.with(
    { discard: DiscardPolicy.Old, deny_delete: false, max_bytes: 5000 },
    () =>
      stream.assertDiffers({
        maxBytes: 6000,
        maxMessages: 10,
        storage: "memory",
      }, {
        discard: { expected: "new", found: "old" },
        deny_delete: { expected: true, found: false },
        storage: { expected: "memory", found: "file" },
        max_bytes: { expected: 6000, found: 5000 },
        max_msgs: { expected: 10, found: -1 },
      }),
  ));
