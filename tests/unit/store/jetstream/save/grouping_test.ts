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
  while (grouping.maySendGroup(10)) {
    grouping.begin(10);
    assert(++sent < 100);
  }
  assert(sent >= 2);
  grouping.end(10);
  assert(grouping.maySendGroup(10));
});

Deno.test("Grouping has a second batch under way on one server if many wait", () => {
  const grouping = new Grouping(1);
  for (let i = 0; i < 1_000; i++) {
    assert(grouping.sendsAtOnce(1));
    grouping.begin(1);
  }
  assert(grouping.sendsAtOnce(2));
  grouping.begin(2);
  assert(!grouping.sendsAtOnce(2));
  assert(!grouping.maySendGroup(255));
  assert(grouping.maySendGroup(256));
  grouping.begin(256);
  assert(!grouping.maySendGroup(1_000));
  grouping.end(2);
  assert(!grouping.sendsAtOnce(2));
  grouping.end(256);
  assert(grouping.sendsAtOnce(2));
});

/** A server, what it takes for saves, and savers that save again at once. */
interface Load {
  /** Saves under way. */
  readonly savers: number;
  /** Milliseconds a single save takes. */
  readonly singleMs: number;
  /** Milliseconds a batch takes. */
  readonly batchMs: number;
  /** Acknowledgements that arrive at the same time. @default {1} */
  readonly burst?: number;
}

class Simulation {
  readonly grouping = new Grouping(1, () => this.now);
  now = 0;
  /** Events stored in batches, and alone. */
  grouped = 0;
  alone = 0;

  /** Has savers save for so many milliseconds. */
  run(ms: number, { savers, singleMs, batchMs, burst = 1 }: Load): void {
    const { grouping } = this;
    const end = this.now + ms;
    let waiting = savers;
    let singles = 0;
    let batch = 0;
    this.grouped = this.alone = 0;
    while (this.now < end) {
      while (waiting > 0 && grouping.goesAlone(1)) {
        grouping.begin(1);
        waiting--;
        singles++;
      }
      if (waiting > 0 && batch === 0 && grouping.maySendGroup(waiting)) {
        [batch, waiting] = [waiting, 0];
        grouping.begin(batch);
      }
      if (singles > 0) {
        const answered = Math.min(burst, singles);
        this.now += singleMs * answered;
        for (let i = 0; i < answered; i++) grouping.end(1);
        singles -= answered;
        waiting += answered;
        this.alone += answered;
      } else {
        this.now += batchMs;
        grouping.end(batch);
        waiting += batch;
        this.grouped += batch;
        batch = 0;
      }
    }
    for (let i = 0; i < singles; i++) grouping.end(1);
  }
}

const SYNCS = { singleMs: 0.33, batchMs: 4 };
const FAST = { singleMs: 0.014, batchMs: 3 };

for (const savers of [40, 64, 100, 500]) {
  for (const burst of [1, 10, savers]) {
    Deno.test(`Grouping lets ${savers} savers wait on a server that syncs, acknowledged ${burst} at once`, () => {
      const simulation = new Simulation();
      simulation.run(500, { ...SYNCS, savers, burst });
      simulation.run(10_000, { ...SYNCS, savers, burst });
      const { grouped, alone } = simulation;
      assert(alone < 0.05 * grouped, `${alone} alone, ${grouped} grouped`);
    });
  }
}

Deno.test("Grouping lets no saves wait on a server that is fast", () => {
  for (const savers of [1, 10, 40, 200, 500]) {
    for (const burst of [1, 40]) {
      const simulation = new Simulation();
      simulation.run(10_000, { ...FAST, savers, burst });
      assertEquals(simulation.grouped, 0);
    }
  }
});

Deno.test("Grouping lets few savers not wait, however slow the server is", () => {
  const simulation = new Simulation();
  simulation.run(10_000, { ...SYNCS, savers: 10 });
  assertEquals(simulation.grouped, 0);
});

Deno.test("Grouping tries groups now and then where they turn out slower", () => {
  const simulation = new Simulation();
  const load = { savers: 100, singleMs: 0.1, batchMs: 30 };
  simulation.run(20_000, load);
  const { grouped, alone } = simulation;
  assert(grouped > 0);
  assert(grouped < 0.02 * alone, `${grouped} grouped, ${alone} alone`);
});

Deno.test("Grouping notices that the server has become fast, or slow", () => {
  const simulation = new Simulation();
  simulation.run(5_000, { ...SYNCS, savers: 100 });
  assert(simulation.grouped > simulation.alone);
  simulation.run(5_000, { ...FAST, savers: 100 });
  simulation.run(5_000, { ...FAST, savers: 100 });
  assertEquals(simulation.grouped, 0);
  simulation.run(5_000, { ...SYNCS, savers: 100 });
  assert(simulation.grouped > simulation.alone);
});

Deno.test("Grouping does not take the time between saves for slowness", () => {
  const simulation = new Simulation();
  for (let i = 0; i < 200; i++) {
    simulation.run(5, { ...FAST, savers: 40 });
    assertEquals(simulation.grouped, 0);
    simulation.now += 100;
  }
});

Deno.test("Grouping does not take a stall for slowness", () => {
  const simulation = new Simulation();
  for (let i = 0; i < 100; i++) {
    simulation.run(50, { ...FAST, savers: 200 });
    assertEquals(simulation.grouped, 0, `after stall ${i}`);
    simulation.run(300, { singleMs: 300, batchMs: 300, savers: 200 });
  }
});

Deno.test("Grouping does not take saves for fast that were given up at once", () => {
  let now = 0;
  const grouping = new Grouping(1, () => now);
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 1_000; i++) grouping.begin(1);
    for (let i = 0; i < 200; i++) {
      now += 0.5;
      grouping.end(1);
    }
    for (let i = 0; i < 800; i++) grouping.end(1, false);
  }
  assert(!grouping.goesAlone(1));
});
