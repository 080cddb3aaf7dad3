import { assert, assertEquals } from "@std/assert";
import type { Msg } from "@nats-io/nats-core";
import type { Call } from "../../../../../internal/nats/call.ts";
import type { Multiplexer } from "../../../../../internal/nats/multiplexer.ts";
import type { QueuedSave } from "../../../../../store/jetstream/save/_queued_save.ts";
import { SaveQueue } from "../../../../../store/jetstream/save/_save_queue.ts";
import { Draft, Entry } from "../../../../../store/jetstream/save/_entry.ts";
import { NotSentError } from "../../../../../store/jetstream/stream/attempt_outcome.ts";
import type { ActorTails } from "../../../../../store/jetstream/read/actor_tails.ts";
import {
  NO_TAIL,
  TailCache,
} from "../../../../../store/jetstream/read/tail_cache.ts";
import { createEvent } from "../../../../../event/create_event.ts";

/** Takes what is sent, and answers when it is told to. */
class FakeServer {
  /** The subjects of the messages, in the order they came in. */
  readonly sent: string[] = [];
  readonly #calls: Call[] = [];
  #sequence = 0;

  readonly mux = {
    call: (call: Call) => {
      this.sent.push(call.subject);
      this.#calls.push(call);
    },
    publish: (subject: string) => this.sent.push(subject),
    batchAcks: () => ({ published() {} }),
  } as unknown as Multiplexer;

  /** Says of the request that has waited longest that it was stored. */
  answer(): void {
    const data = new TextEncoder().encode(
      `{"stream":"S","seq":${++this.#sequence}}`,
    );
    this.#calls.shift()!.take({ data } as Msg);
  }
}

function open(server: FakeServer): SaveQueue {
  const stream = { name: "S", domain: "", replicas: 1, leadership: "" };
  const reader = { stream, watch: { stream } };
  const tails = { reader, cache: new TailCache(10) } as unknown as ActorTails;
  return new SaveQueue(server.mux, tails, "writer", true);
}

const outcomes = new WeakMap<QueuedSave, unknown>();

/** A save of one event for each subject. */
function saveOf(subjects: readonly string[], deadline = Infinity): QueuedSave {
  const entries = subjects.map((subject) => {
    const event = createEvent({
      eventType: "Happened",
      actorId: subject,
      version: 1,
      data: {},
    });
    const payload = new Uint8Array(1);
    const draft = new Draft(event, subject, subject, payload, "");
    return new Entry(draft, NO_TAIL, "call");
  });
  const save: QueuedSave = {
    entries,
    timeout: 5_000,
    deadline,
    stored: (sequence) => outcomes.set(save, sequence),
    failed: (error) => outcomes.set(save, error),
  };
  return save;
}

Deno.test("saves have their turn in the order they came in, those of several events too", async () => {
  const server = new FakeServer();
  const queue = open(server);
  const submit = (name: string, count: number) => {
    for (let i = 0; i < count; i++) queue.submit(saveOf([`${name}-${i}`]));
  };
  submit("first", 2_000);
  submit("before", 100);
  queue.submit(saveOf(["pair-0", "pair-1"]));
  submit("after", 3_000);
  assertEquals(server.sent.length, 2_000);
  while (server.sent.length < 5_102) {
    const before = server.sent.length;
    server.answer();
    if (server.sent.length > before) continue;
    // A batch waits for the callers that the last one answered.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const place = (subject: string) => server.sent.indexOf(subject);
  assertEquals(place("before-99"), 2_099);
  assertEquals([place("pair-0"), place("pair-1")], [2_100, 2_101]);
});

Deno.test("a save whose turn does not come by its deadline is not sent", async () => {
  const server = new FakeServer();
  const queue = open(server);
  for (let i = 0; i < 2_000; i++) queue.submit(saveOf([`first-${i}`]));
  const late = saveOf(["late"], performance.now() + 20);
  const later = saveOf(["later"]);
  queue.submit(late);
  queue.submit(later);
  while (!outcomes.has(late)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert(outcomes.get(late) instanceof NotSentError);
  assertEquals(outcomes.has(later), false);
  server.answer();
  server.answer();
  await undefined;
  assertEquals(server.sent.slice(2_000), ["later"]);
});

Deno.test("a save that is taken back is not sent, and nothing is left behind", () => {
  const server = new FakeServer();
  const queue = open(server);
  for (let i = 0; i < 2_000; i++) queue.submit(saveOf([`first-${i}`]));
  const save = saveOf(["save"], performance.now() + 1_000);
  queue.submit(save);
  assertEquals(queue.withdraw(save), true);
  assertEquals(queue.withdraw(save), false);
  server.answer();
  assertEquals(server.sent.length, 2_000);
});
