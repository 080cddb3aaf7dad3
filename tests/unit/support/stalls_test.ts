import { assertEquals, assertThrows } from "@std/assert";
import { Stalls } from "../../support/stalls.ts";

const promise = { within: 1_000, retry: 100, blindAfter: 300 };
const MARGIN = 500;

Deno.test("deadline() is what was promised when nothing stood still", () => {
  const stalls = new Stalls();
  assertEquals(stalls.deadline(0, promise), 1_000 + MARGIN);
  stalls.note(-500, -100);
  stalls.note(2_000, 3_000);
  assertEquals(stalls.deadline(0, promise), 1_000 + MARGIN);
});

Deno.test("deadline() counts each stall once, and a retry with it", () => {
  const stalls = new Stalls();
  stalls.note(600, 800);
  stalls.note(-50, 50);
  stalls.note(650, 900);
  stalls.note(700, 750);
  const held = 50 + 200 + 100;
  assertEquals(stalls.deadline(0, promise), 1_000 + MARGIN + held + 3 * 100);
});

Deno.test("deadline() begins anew behind a stall that blinds an observer", () => {
  const stalls = new Stalls();
  stalls.note(900, 1_200);
  assertEquals(stalls.deadline(0, promise), 1_200 + 1_000 + MARGIN);
});

Deno.test("judge() fails when it took longer, and only then", () => {
  const stalls = new Stalls();
  stalls.judge(0, 1_000 + MARGIN, promise, "");
  assertThrows(
    () => stalls.judge(0, 1_001 + MARGIN, promise, "of this"),
    Error,
    "1501 ms, not 1500 (stalls: [])\nof this",
  );
});
