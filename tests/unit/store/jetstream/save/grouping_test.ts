import { assert, assertEquals } from "@std/assert";
import { Grouping } from "../../../../../store/jetstream/save/_grouping.ts";

Deno.test("Grouping sends a few at once on replicas, and lets more wait", () => {
  const grouping = new Grouping(3);
  let sent = 0;
  while (grouping.sendsAtOnce(1)) {
    grouping.begin(1);
    assert(++sent < 100);
  }
  assert(sent >= 2);
  assert(!grouping.sendsAtOnce(5));
  grouping.end(1);
  assert(grouping.sendsAtOnce(1));
});

Deno.test("Grouping has several batches under way on replicas, and no more", () => {
  const grouping = new Grouping(3);
  let sent = 0;
  while (grouping.maySendGroup) {
    grouping.begin(10);
    assert(++sent < 100);
  }
  assert(sent >= 2);
  grouping.end(10);
  assert(grouping.maySendGroup);
});

Deno.test("Grouping lets only batches wait on one server", () => {
  const grouping = new Grouping(1);
  for (let i = 0; i < 1_000; i++) {
    assert(grouping.sendsAtOnce(1));
    grouping.begin(1);
  }
  while (grouping.sendsAtOnce(2)) grouping.begin(2);
  assert(!grouping.maySendGroup);
  grouping.end(2);
  assert(grouping.sendsAtOnce(2));
});

/**
 * Keeps `awaited` saves under way on a server that answers every `ms`, for
 * 2,000 saves or until they are to wait.
 */
function load(
  grouping: Grouping,
  clock: { now: number },
  awaited: number,
  ms: number,
): void {
  for (let i = 0; i < awaited; i++) grouping.begin(1);
  for (let i = 0; i < 2_000 && grouping.goesAlone(1); i++) {
    clock.now += ms;
    grouping.end(1);
    grouping.begin(1);
  }
  for (let i = 0; i < awaited; i++) grouping.end(1);
}

/** Ends batches of 100 events, one every `ms`. */
function group(
  grouping: Grouping,
  clock: { now: number },
  batches: number,
  ms: number,
): void {
  for (let i = 0; i < batches; i++) {
    grouping.begin(100);
    clock.now += ms;
    grouping.end(100);
  }
}

Deno.test("Grouping lets saves wait on one server that syncs each", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  load(grouping, clock, 500, 0.175);
  assert(!grouping.goesAlone(1));
  group(grouping, clock, 50, 3);
  assert(!grouping.goesAlone(1));
  grouping.begin(1);
  assert(!grouping.sendsAtOnce(1));
});

Deno.test("Grouping measures anew, ever more seldom while company is faster", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  for (let i = 0; i < 8; i++) {
    const measured = clock.now;
    load(grouping, clock, 500, 0.175);
    assert(!grouping.goesAlone(1));
    const began = clock.now;
    // One measurement is enough once company was faster.
    assert(began - measured < (i === 0 ? 300 : 100));
    while (!grouping.goesAlone(1)) group(grouping, clock, 1, 3);
    const term = Math.min(250 * 4 ** i, 8_000);
    const took = clock.now - began;
    assert(term - 100 < took && took < term + 100, `${took} ms, not ${term}`);
  }
});

Deno.test("Grouping tries again ever more seldom when company turns out slower", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  const pauses: number[] = [];
  for (let i = 0; i < 8; i++) {
    const ended = clock.now;
    while (grouping.goesAlone(1)) load(grouping, clock, 500, 0.175);
    pauses.push(clock.now - ended);
    while (!grouping.goesAlone(1)) group(grouping, clock, 1, 30);
  }
  // Each load takes 350 ms.
  const [first, ...later] = pauses;
  assert(first! < 400);
  for (const [i, pause] of later.entries()) {
    const patience = Math.min(250 * 4 ** i, 8_000);
    assert(patience < pause && pause < patience + 750, `${pauses}`);
  }
});

Deno.test("Grouping does not take the time between saves for slowness", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  load(grouping, clock, 500, 0.175);
  for (let i = 0; i < 10; i++) {
    group(grouping, clock, 8, 3);
    clock.now += 400;
  }
  assert(!grouping.goesAlone(1));
});

Deno.test("Grouping does not let saves wait on one server that is fast", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  load(grouping, clock, 200, 0.014);
  assert(grouping.goesAlone(1));
});

Deno.test("Grouping does not take a stall for slowness", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  for (let i = 0; i < 200; i++) grouping.begin(1);
  for (let i = 0; i < 20_000; i++) {
    clock.now += i % 2_000 === 0 ? 300 : 0.014;
    grouping.end(1);
    assert(grouping.goesAlone(1), `after ${i}`);
    grouping.begin(1);
  }
});

/** Lets saves wait that were answered after what `delayOf` says, each. */
function loadUnevenly(
  grouping: Grouping,
  clock: { now: number },
  delayOf: (i: number) => number,
): void {
  for (let i = 0; i < 500; i++) grouping.begin(1);
  for (let i = 0; grouping.goesAlone(1); i++) {
    assert(i < 2_000);
    clock.now += delayOf(i);
    grouping.end(1);
    grouping.begin(1);
  }
  for (let i = 0; i < 500; i++) grouping.end(1);
}

Deno.test("Grouping does not compare company with a stall", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  loadUnevenly(grouping, clock, (i) => i === 1_500 ? 500 : 0.1);
  assert(clock.now > 500, "decided before the stall");
  group(grouping, clock, 20, 8);
  assert(grouping.goesAlone(1));
});

Deno.test("Grouping does not compare company with answers that were held back", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  loadUnevenly(grouping, clock, (i) => i < 600 ? 0.01 : 0.175);
  group(grouping, clock, 20, 4);
  assert(!grouping.goesAlone(1));
});

Deno.test("Grouping does not count saves as company that went before", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  for (let i = 0; i < 500; i++) grouping.begin(1);
  while (grouping.goesAlone(1)) {
    clock.now += 0.1;
    grouping.end(1);
    grouping.begin(1);
  }
  for (let i = 0; i < 500; i++) {
    clock.now += 0.1;
    grouping.end(1);
  }
  group(grouping, clock, 6, 4);
  assert(!grouping.goesAlone(1));
});

Deno.test("Grouping does not take saves for fast that were given up at once", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 1_000; i++) grouping.begin(1);
    for (let i = 0; i < 10; i++) {
      clock.now += 0.5;
      grouping.end(1);
    }
    for (let i = 0; i < 990; i++) grouping.end(1, false);
  }
  assert(!grouping.goesAlone(1));
});

Deno.test("Grouping does not measure while few saves are awaited", () => {
  const clock = { now: 0 };
  const grouping = new Grouping(1, () => clock.now);
  load(grouping, clock, 10, 1);
  assert(grouping.goesAlone(1));
  assertEquals(grouping.groupSize, 1_000);
});
