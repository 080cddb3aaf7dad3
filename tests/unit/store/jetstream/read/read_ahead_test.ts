import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Landmark } from "../../../../../store/jetstream/read/_landmarks.ts";
import { PagePipeline } from "../../../../../store/jetstream/read/_read_ahead.ts";
import type { Page } from "../../../../../store/jetstream/stream/page_request.ts";

/** The messages of an actor at these sequences, as a server gives them. */
class History {
  readonly asked: { readonly from: number; readonly count: number }[] = [];
  underWay = 0;
  mostUnderWay = 0;
  readonly #sequences: readonly number[];

  constructor(sequences: readonly number[]) {
    this.#sequences = sequences;
  }

  readonly fetch = async (
    from: number,
    count: number,
  ): Promise<Page<number>> => {
    this.asked.push({ from, count });
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    await Promise.resolve();
    this.underWay--;
    const rest = this.#sequences.filter((sequence) => sequence >= from);
    const items = rest.slice(0, count);
    const [lastSequence, remaining] = [items.at(-1) ?? 0, rest.length - count];
    return { items, lastSequence, remaining: Math.max(0, remaining), upTo: 0 };
  };
}

/** All pages, each behind the one before. */
async function readAll(
  pipeline: PagePipeline<number>,
  sizes: () => number,
): Promise<number[]> {
  const all: number[] = [];
  for (let from = 1;;) {
    const { items, lastSequence, remaining } = await pipeline
      .page(from, sizes());
    all.push(...items);
    if (remaining === 0) return all;
    from = lastSequence + 1;
  }
}

const rising = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 200 })
  .map((gaps) => {
    let sequence = 0;
    return gaps.map((gap) => sequence += gap);
  });

Deno.test("pages give everything once and in order, whatever the landmarks say", async () => {
  const landmark = fc.record({
    sequence: fc.integer({ min: 1, max: 1_000 }),
    ordinal: fc.integer({ min: 1, max: 220 }),
  });
  await fc.assert(
    fc.asyncProperty(
      rising,
      fc.array(fc.nat(199)),
      fc.array(landmark),
      fc.infiniteStream(fc.integer({ min: 1, max: 60 })),
      async (sequences, right, wrong, sizes) => {
        const landmarks: Landmark[] = right.filter((i) => i < sequences.length)
          .map((i) => ({ sequence: sequences[i]!, ordinal: i + 1 }));
        const mixed = [...landmarks, ...wrong]
          .sort((a, b) => a.ordinal - b.ordinal);
        const history = new History(sequences);
        const pipeline = new PagePipeline(
          history.fetch,
          Promise.resolve(mixed),
        );
        const read = await readAll(pipeline, () => sizes.next().value!);
        assertEquals(read, sequences);
        assertEquals(history.underWay <= 1, true);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("the page behind a landmark is asked for before the one up to it has come", async () => {
  const sequences = Array.from({ length: 1_000 }, (_, i) => 3 * (i + 1));
  const landmarks = [250, 500, 750].map((ordinal) => ({
    ordinal,
    sequence: 3 * ordinal,
  }));
  const history = new History(sequences);
  const pipeline = new PagePipeline(history.fetch, Promise.resolve(landmarks));
  await Promise.resolve();
  assertEquals(await readAll(pipeline, () => 300), sequences);
  assertEquals(history.asked, [
    { from: 1, count: 250 },
    { from: 751, count: 250 },
    { from: 1_501, count: 250 },
    { from: 2_251, count: 1_000 },
  ]);
  assertEquals(history.mostUnderWay, 3);
});

Deno.test("pages come one after the other when there are no landmarks to be had", async () => {
  const sequences = Array.from({ length: 100 }, (_, i) => i + 1);
  const history = new History(sequences);
  const failing = Promise.reject(new Error("no answer"));
  const pipeline = new PagePipeline(history.fetch, failing);
  assertEquals(await readAll(pipeline, () => 40), sequences);
  assertEquals(history.mostUnderWay, 1);
});

Deno.test("a page ahead that fails is told only to who asks for it", async () => {
  const sequences = Array.from({ length: 100 }, (_, i) => i + 1);
  const history = new History(sequences);
  const fetch = (from: number, count: number) =>
    from === 51
      ? Promise.reject(new Error("no answer"))
      : history.fetch(from, count);
  const landmarks = Promise.resolve([{ sequence: 50, ordinal: 50 }]);
  const pipeline = new PagePipeline(fetch, landmarks);
  await Promise.resolve();
  assertEquals((await pipeline.page(1, 60)).items.length, 50);
  // Whoever goes elsewhere has nothing to do with it.
  assertEquals((await pipeline.page(61, 10)).items.length, 10);
  let failed = false;
  await pipeline.page(51, 10).catch(() => failed = true);
  assert(failed);
});

Deno.test("nothing is asked for in vain twice when the first messages have expired", async () => {
  const sequences = Array.from({ length: 1_000 }, (_, i) => i + 1);
  const landmarks = [200, 400, 600, 800].map((ordinal) => ({
    ordinal,
    sequence: ordinal,
  }));
  const left = sequences.slice(500);
  const history = new History(left);
  const pipeline = new PagePipeline(history.fetch, Promise.resolve(landmarks));
  await Promise.resolve();
  assertEquals(await readAll(pipeline, () => 200), left);
  assertEquals(history.asked, [
    { from: 1, count: 200 },
    { from: 201, count: 200 },
    { from: 401, count: 200 },
    { from: 701, count: 200 },
    { from: 901, count: 200 },
  ]);
});
