import { assert, assertEquals } from "@std/assert";
import { Screen, type Second } from "../../../examples/_demo_screen.ts";

const now: Second = {
  second: 7,
  seconds: 60,
  shards: 1024,
  nodes: [
    {
      name: "node-1",
      state: "running",
      report: {
        isLeader: true,
        shards: 512,
        active: 1_234,
        handled: 5_678,
        conflicts: 1,
      },
    },
    { name: "node-2", state: "killed", report: undefined },
  ],
  latencies: [5, 1, 2, 3, 4],
  waiting: 12,
  longest: 14_321.4,
};

function shown(terminal: { isTerminal: boolean; hasColors: boolean }): string {
  let text = "";
  const screen = new Screen(terminal, (more) => text += more);
  screen.happens(7, "node-2 is killed");
  screen.show(now);
  return text;
}

Deno.test("the demo prints lines where there is no terminal", () => {
  assertEquals(
    shown({ isTerminal: false, hasColors: true }),
    "   7 s  node-2 is killed\n" +
      "   7 s  5 commands/s, p50 3.0 ms, p99 5.0 ms, 12 waiting, " +
      "longest gap 14,321 ms; node-1 512 shards, 1,234 active, 1 conflicts, " +
      "leads; node-2 killed\n",
  );
});

Deno.test("the demo draws a table in place on a terminal, in colors if wanted", () => {
  const plain = shown({ isTerminal: true, hasColors: false });
  assert(plain.startsWith("\x1b[H"));
  assert(plain.includes("█".repeat(12) + "░".repeat(12) + "   512  leads"));
  assert(plain.includes("longest gap 14,321 ms"));
  assert(plain.includes("node-2 is killed"));
  assert(!plain.includes("\x1b[1m"));
  const colored = shown({ isTerminal: true, hasColors: true });
  assert(colored.includes("\x1b[31mkilled"));
});
