import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Turns } from "../../../decider/_turns.ts";

Deno.test("begin() is at once when nobody has the turn", () => {
  const turns = new Turns();
  assertEquals(turns.begin("a"), undefined);
  assertEquals(turns.begin("b"), undefined);
  turns.end("a");
  assertEquals(turns.begin("a"), undefined);
});

Deno.test("begin() waits for those before, in the order of asking", async () => {
  const turns = new Turns();
  const began: number[] = [];
  turns.begin("a");
  const waiting = [1, 2, 3].map(async (i) => {
    await turns.begin("a");
    began.push(i);
  });
  await Promise.resolve();
  assertEquals(began, []);
  for (let i = 1; i <= 3; i++) {
    turns.end("a");
    await waiting[i - 1];
    assertEquals(began.length, i);
  }
  turns.end("a");
  assertEquals(began, [1, 2, 3]);
  assertEquals(turns.begin("a"), undefined, "it is free again");
});

Deno.test("begin() gives up waiting when the signal is aborted", async () => {
  const turns = new Turns();
  const reason = new Error("enough");
  assertThrows(
    () => turns.begin("a", AbortSignal.abort(reason)),
    Error,
    "enough",
  );
  turns.begin("a");
  const controller = new AbortController();
  const first = turns.begin("a", controller.signal)!;
  const second = turns.begin("a")!;
  controller.abort(reason);
  await assertRejects(() => first, Error, "enough");
  turns.end("a");
  await second; // it is not the turn of the one that left
  turns.end("a");
  assertEquals(turns.begin("a"), undefined);
});

Deno.test("an abort after the turn began changes nothing", async () => {
  const turns = new Turns();
  turns.begin("a");
  const controller = new AbortController();
  const turn = turns.begin("a", controller.signal)!;
  turns.end("a");
  controller.abort();
  await turn;
  assert(turns.begin("a") !== undefined, "the turn is taken");
});
