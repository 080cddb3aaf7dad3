import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  DISTANCE,
  type Landmark,
  Landmarks,
} from "../../../../../store/jetstream/read/_landmarks.ts";
import {
  Header,
  type StoredMessage,
} from "../../../../../store/jetstream/stream/stored_message.ts";
import type { StreamReader } from "../../../../../store/jetstream/stream/stream_reader.ts";
import {
  followingTrail,
  formatTrail,
  type Trail,
  type Waypoint,
} from "../../../../../store/jetstream/stream/trail.ts";
import type { Tail } from "../../../../../store/jetstream/read/tail_cache.ts";

const bounds = { deadline: { left: Infinity }, signal: undefined } as never;

/** Histories of actors, and who asks for what is in them. */
class Histories {
  asked = 0;
  /** Whether whoever is asked has none of the messages. */
  lags = false;
  readonly #messages = new Map<number, StoredMessage>();
  readonly #tails = new Map<string, Tail>();
  #last = 0;

  /** Appends events of an actor, so far apart. */
  append(actorId: string, count: number, distance = 1): void {
    let tail = this.#tails.get(actorId);
    for (let i = 0; i < count; i++) {
      const before: Waypoint = tail ?? { version: 0, sequence: 0 };
      const trail = followingTrail(before, tail?.trail);
      this.#last += distance;
      this.#messages.set(this.#last, message(actorId, this.#last, trail));
      const version = before.version + 1;
      tail = { version, sequence: this.#last, eventId: "any", trail };
    }
    this.#tails.set(actorId, tail!);
  }

  /** Deletes all of an actor's events. */
  purge(actorId: string): void {
    this.#tails.delete(actorId);
    for (const [sequence, { subject }] of this.#messages) {
      if (subject === actorId) this.#messages.delete(sequence);
    }
  }

  /** What is to be found: each message whose ordinal divides by a page's. */
  expected(actorId: string): Landmark[] {
    return [...this.#messages.values()]
      .filter(({ subject }) => subject === actorId)
      .map(({ sequence }, i) => ({ sequence, ordinal: i + 1 }))
      .slice(0, -1)
      .filter(({ ordinal }) => ordinal % DISTANCE === 0);
  }

  landmarks(): Landmarks {
    const atSequence = (sequence: number) => {
      this.asked++;
      const message = this.lags ? undefined : this.#messages.get(sequence);
      return Promise.resolve(message);
    };
    return new Landmarks({ atSequence } as unknown as StreamReader);
  }

  find(landmarks: Landmarks, actorId: string): Promise<Landmark[]> {
    const tail = this.#tails.get(actorId)!;
    return landmarks.of({ actorId, subject: actorId, tail }, bounds);
  }
}

function message(
  subject: string,
  sequence: number,
  trail: Trail,
): StoredMessage {
  const text = formatTrail(trail);
  const header = (name: string) => name === Header.trail ? text : "";
  const storedAt = () => "2024-01-01T00:00:00Z";
  return { subject, sequence, data: new Uint8Array(), header, storedAt };
}

Deno.test("landmarks are where pages of a history end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 * DISTANCE }),
      fc.integer({ min: 1, max: 5 }),
      async (count, distance) => {
        const histories = new Histories();
        histories.append("order-1", count, distance);
        const found = await histories.find(histories.landmarks(), "order-1");
        assertEquals(found, histories.expected("order-1"));
        assert(histories.asked <= 12);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("landmarks are asked for once", async () => {
  const histories = new Histories();
  const landmarks = histories.landmarks();
  histories.append("order-1", 10_000);
  await histories.find(landmarks, "order-1");
  assert(histories.asked > 0);
  histories.asked = 0;
  const again = await histories.find(landmarks, "order-1");
  assertEquals(again, histories.expected("order-1"));
  assertEquals(histories.asked, 0);

  histories.append("order-1", DISTANCE);
  const grown = await histories.find(landmarks, "order-1");
  assertEquals(grown, histories.expected("order-1"));
  assertEquals(histories.asked, 0); // its tail tells the new one

  histories.append("order-1", 5 * DISTANCE);
  const longer = await histories.find(landmarks, "order-1");
  assertEquals(longer, histories.expected("order-1"));
  assert(histories.asked > 0);
});

Deno.test("landmarks of a history that has ended are not used for the next", async () => {
  const histories = new Histories();
  const landmarks = histories.landmarks();
  histories.append("order-1", 10_000);
  await histories.find(landmarks, "order-1");
  histories.purge("order-1");
  histories.append("order-1", 8_000);
  const found = await histories.find(landmarks, "order-1");
  assertEquals(found, histories.expected("order-1"));
});

Deno.test("landmarks are found again when a replica did not have them all", async () => {
  const histories = new Histories();
  const landmarks = histories.landmarks();
  histories.append("order-1", 10_000);
  histories.lags = true;
  const some = await histories.find(landmarks, "order-1");
  assert(some.length < histories.expected("order-1").length);
  histories.lags = false;
  const found = await histories.find(landmarks, "order-1");
  assertEquals(found, histories.expected("order-1"));
});

Deno.test("of the histories those read last are remembered", async () => {
  const histories = new Histories();
  const landmarks = histories.landmarks();
  const actors = Array.from({ length: 200 }, (_, i) => `order-${i}`);
  for (const actor of actors) {
    histories.append(actor, 3 * DISTANCE + 1);
    await histories.find(landmarks, actor);
    await histories.find(landmarks, actors[0]!);
  }
  const asks = async (actor: string) => {
    histories.asked = 0;
    await histories.find(landmarks, actor);
    return histories.asked > 0;
  };
  assertEquals(await asks(actors[0]!), false);
  assertEquals(await asks(actors[199]!), false);
  assertEquals(await asks(actors[1]!), true);
});
