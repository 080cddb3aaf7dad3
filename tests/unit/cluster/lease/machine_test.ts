import { assertEquals } from "@std/assert";
import { LeaseMachine } from "../../../../cluster/lease/machine.ts";
import type {
  LeaseReply,
  LeaseRequest,
} from "../../../../cluster/lease/protocol.ts";
import type { Sight } from "../../../../cluster/lease/register.ts";
import { resolveDurations } from "../../../../cluster/lease/settings.ts";

/** A machine whose clock and requests are in the test's hands. */
class Bench {
  readonly machine: LeaseMachine;
  now = 0;
  #nonces = 0;

  constructor(isNameUnique = false) {
    this.machine = new LeaseMachine({
      holder: "a",
      incarnation: "a1",
      settings: resolveDurations({}, "test"),
      isNameUnique,
      random: () => 0.5,
      nonce: () => `n${++this.#nonces}`,
    });
  }

  get clocks() {
    return { monotonic: this.now, wall: 1_000_000 + this.now };
  }

  /** The next request, at the time that it is due. */
  next(): LeaseRequest {
    this.now = Math.max(this.now, this.machine.wakeAt);
    const request = this.machine.next(this.clocks);
    if (request === undefined) return this.next();
    return request;
  }

  reply(request: LeaseRequest, reply: LeaseReply): void {
    this.machine.reply(request.id, reply, this.clocks);
  }

  /** Answers the next request, which must be a read. */
  read(sight: Partial<Sight>): void {
    const request = this.next();
    assertEquals(request.kind, "read");
    const found = { bucket: "b", revision: 0, record: undefined, ...sight };
    this.reply(request, { kind: "read", sight: found });
  }

  /** Has it lead, at revision 1. */
  lead(): void {
    this.read({});
    const request = this.next();
    assertEquals(request.kind, "write");
    this.reply(request, { kind: "stored", revision: 1 });
    assertEquals(this.machine.isHeld(this.clocks), true);
    this.machine.takeEvents();
  }
}

Deno.test("a lease is taken when it was seen unchanged for its own duration", () => {
  const bench = new Bench();
  const record = {
    holder: "b",
    incarnation: "b1",
    nonce: "m",
    duration: 20_000,
    term: 2_000_000,
    released: false,
  };
  let request = bench.next();
  for (; request.kind === "read"; request = bench.next()) {
    const sight = { bucket: "b", revision: 5, record };
    bench.reply(request, { kind: "read", sight });
  }
  assertEquals(bench.now >= 20_000 && bench.now < 21_100, true);
  assertEquals([request.bucket, request.expected], ["b", 5]);
  assertEquals(request.record, {
    holder: "a",
    incarnation: "a1",
    nonce: "n1",
    duration: 15_000,
    term: 2_000_001,
    released: false,
    replaced: { incarnation: "b1", duration: 20_000 },
    data: undefined,
  });
});

Deno.test("the window runs from the sending, and a reply in time moves it", () => {
  const bench = new Bench(true);
  bench.lead();
  const sent = bench.now;
  assertEquals(bench.machine.windowEnd, sent + 12_000);
  const renewal = bench.next();
  const sentAgain = bench.now;
  bench.now += 900;
  bench.reply(renewal, { kind: "stored", revision: 2 });
  assertEquals(bench.machine.windowEnd, sentAgain + 12_000);
  // Late and doubled replies are ignored.
  bench.reply(renewal, { kind: "stored", revision: 3 });
  bench.now = sentAgain + 11_999;
  assertEquals(bench.machine.isHeld(bench.clocks), true);
  bench.now = sentAgain + 12_000;
  assertEquals(bench.machine.isHeld(bench.clocks), false);
  bench.machine.tick(bench.clocks);
  const [event] = bench.machine.takeEvents();
  assertEquals(event?.kind === "ended" && event.reason, "lapsed");
});

Deno.test("10164 is a hint: an unchanged record is renewed again", () => {
  const bench = new Bench(true);
  bench.lead();
  const renewal = bench.next();
  assertEquals(renewal.kind, "write");
  if (renewal.kind !== "write") return;
  bench.reply(renewal, { kind: "refused" });
  const { record } = bench.machine.observation.sight!;
  bench.read({ revision: 1, record });
  const again = bench.next();
  assertEquals(again.kind === "write" && again.expected, 1);
  assertEquals(bench.machine.takeEvents(), []);
});

Deno.test("a renewal whose answer was lost is adopted as of its sending", () => {
  const bench = new Bench(true);
  bench.lead();
  const lost = bench.next();
  const sent = bench.now;
  bench.now += 1_000;
  bench.reply(lost, { kind: "failed" });
  bench.reply(bench.next(), { kind: "refused" });
  if (lost.kind !== "write") throw new Error("no write");
  bench.read({ revision: 2, record: lost.record });
  assertEquals(bench.machine.windowEnd, sent + 12_000);
  const next = bench.next();
  assertEquals(next.kind === "write" && next.expected, 2);
});

Deno.test("another holder at a higher revision ends the window at once", () => {
  const bench = new Bench(true);
  bench.lead();
  bench.reply(bench.next(), { kind: "refused" });
  const own = bench.machine.observation.sight!.record!;
  const record = { ...own, holder: "b", incarnation: "b1", nonce: "m" };
  bench.read({ revision: 2, record: { ...record, term: own.term + 1 } });
  const [event] = bench.machine.takeEvents();
  assertEquals(event, { kind: "ended", term: own.term, reason: "lost" });
  assertEquals(bench.machine.isHeld(bench.clocks), false);
});

Deno.test("a lease is released over what turns out to be its own record", () => {
  const bench = new Bench(true);
  bench.lead();
  const lost = bench.next();
  if (lost.kind !== "write") throw new Error("no write");
  bench.machine.release(bench.clocks);
  bench.reply(lost, { kind: "failed" });
  bench.read({ revision: 2, record: lost.record });
  const release = bench.next();
  if (release.kind !== "write") throw new Error("no write");
  assertEquals([release.expected, release.record.released], [2, true]);
  assertEquals(bench.machine.isLeaving, true);
  bench.reply(release, { kind: "stored", revision: 3 });
  assertEquals(bench.machine.isLeaving, false);
  // Its own release does not let it in at once.
  bench.read({ revision: 3, record: release.record });
  assertEquals(bench.next().kind, "read");
});
