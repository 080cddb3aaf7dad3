import { assert, assertEquals } from "@std/assert";
import { RecentIds } from "../../../../store/memory/_recent_ids.ts";

const window = 1000;

/** A log of ids, with the clock in hand. */
class Log {
  readonly ids: string[] = [];
  now = 5;
  readonly recent = new RecentIds(this, window, () => this.now);

  get lastSequence(): number {
    return this.ids.length;
  }

  at(sequence: number): { id: string } {
    return { id: this.ids[sequence - 1]! };
  }

  add(id: string): void {
    this.ids.push(id);
    this.recent.addLast();
  }

  /** More than it takes for the clock to be looked at. */
  fill(count = 100): void {
    for (let i = 0; i < count; i++) this.add(`filler-${this.ids.length}`);
  }
}

Deno.test("find() gives undefined when nothing was added", () => {
  const { recent } = new Log();
  assertEquals(recent.find("a"), undefined);
  assertEquals(recent.find(""), undefined);
});

Deno.test("find() gives the sequence of every id in the window", () => {
  const log = new Log();
  const count = 10_000;
  for (let i = 1; i <= count; i++) log.add(`id-${i}`);
  for (let i = 1; i <= count; i++) {
    if (log.recent.find(`id-${i}`) !== i) assertEquals(`id-${i}`, "found");
  }
  assertEquals(log.recent.find("id-0"), undefined);
  assertEquals(log.recent.find(`id-${count + 1}`), undefined);
});

Deno.test("find() knows an id for at least a window", () => {
  for (const before of [0, 1, 31, 32, 33, 2000]) {
    for (let age = 0; age <= window; age += window / 8 - 1) {
      const log = new Log();
      log.fill(before);
      log.now += age;
      log.fill();
      log.add("id");
      for (let passed = 0; passed < window; passed += window / 8) {
        assertEquals(log.recent.find("id"), before + 101);
        log.now += window / 8;
        log.fill();
      }
    }
  }
});

Deno.test("find() forgets an id within about two windows", () => {
  const log = new Log();
  log.add("id");
  for (let windows = 0; windows < 2; windows++) {
    log.now += window;
    log.fill();
  }
  assertEquals(log.recent.find("id"), undefined);
  // And what came after goes on.
  const last = log.ids.at(-1)!;
  assertEquals(log.recent.find(last), log.lastSequence);
});

Deno.test("an id that was forgotten can be added again", () => {
  const log = new Log();
  log.add("id");
  for (let round = 0; round < 5; round++) {
    for (let windows = 0; windows < 2; windows++) {
      log.now += window;
      log.fill();
    }
    assertEquals(log.recent.find("id"), undefined);
    log.add("id");
    assertEquals(log.recent.find("id"), log.lastSequence);
  }
});

Deno.test("its table follows the number of ids in a window, up and down", () => {
  const log = new Log();
  const least = log.recent.capacity;
  log.fill(100_000);
  const most = log.recent.capacity;
  assert(most >= 100_000 && most < 300_000, `${most}`);
  // A steady rate keeps it steady.
  for (let i = 0; i < 20; i++) {
    log.now += window;
    log.fill(50_000);
    assert(log.recent.capacity <= most);
  }
  for (let windows = 0; windows < 3; windows++) {
    log.now += window;
    log.fill();
  }
  assertEquals(log.recent.capacity, least);
});
