import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  farOf,
  FIRST_TRAIL,
  followingTrail,
  formatTrail,
  MAX_NEAR,
  nearOf,
  parseTrail,
  type Trail,
  type Waypoint,
} from "../../../../../store/jetstream/stream/trail.ts";

const NOTHING: Waypoint = { version: 0, sequence: 0 };

/** The trails of messages that follow each other. */
function walk(messages: readonly Waypoint[]): Trail[] {
  const trails: Trail[] = [];
  messages.forEach((_, i) =>
    trails.push(followingTrail(messages[i - 1] ?? NOTHING, trails[i - 1]))
  );
  return trails;
}

interface Places {
  readonly ordinal: number;
  readonly near: readonly number[];
  readonly far: readonly Waypoint[];
}

/** What a trail says, without how. */
function places(trail: Trail): Places {
  return { ordinal: trail.ordinal, near: nearOf(trail), far: farOf(trail) };
}

/** What a trail should say, the slow way. */
function expected(messages: readonly Waypoint[], i: number): Places {
  const before = messages.slice(0, i);
  const far: Waypoint[] = [];
  for (let step = 31; step <= i; step *= 2) {
    far.push(before[Math.floor(i / step) * step - 1]!);
  }
  return {
    ordinal: i + 1,
    near: before.slice(-MAX_NEAR).reverse().map(({ sequence }) => sequence),
    far,
  };
}

const steps = fc.array(
  fc.record({
    version: fc.integer({ min: 1, max: 9 }),
    sequence: fc.integer({ min: 1, max: 1e6 }),
  }),
  { maxLength: 300 },
);

const rising = steps.map((gaps) => {
  const at = { version: 0, sequence: 0 };
  return gaps.map(({ version, sequence }) => ({
    version: at.version += version,
    sequence: at.sequence += sequence,
  }));
});

Deno.test("followingTrail() names the nearest and the farther predecessors", () => {
  fc.assert(fc.property(rising, (messages) => {
    walk(messages).forEach((trail, i) =>
      assertEquals(places(trail), expected(messages, i))
    );
  }));
});

Deno.test("followingTrail() begins anew when a trail is not known", () => {
  const trail = followingTrail({ version: 7, sequence: 40 }, undefined);
  assertEquals(places(trail), { ordinal: 0, near: [40], far: [] });
  const next = followingTrail({ version: 8, sequence: 44 }, trail);
  assertEquals(places(next), { ordinal: 0, near: [44, 40], far: [] });
});

Deno.test("parseTrail() reads what formatTrail() wrote", () => {
  fc.assert(fc.property(rising, (messages) => {
    walk(messages).forEach((trail, i) => {
      const text = formatTrail(trail);
      assertEquals(parseTrail(text, messages[i]!.sequence, 0), trail);
    });
  }));
});

Deno.test("parseTrail() knows the sequences of a batch when it is stored", () => {
  fc.assert(fc.property(rising, fc.nat(), (messages, cut) => {
    // The messages from `first` on are sent in one batch, with one message of
    // another actor before each.
    const first = cut % (messages.length + 1);
    const start = messages[first - 1]?.sequence ?? 0;
    const stored = messages.map(({ version, sequence }, i) =>
      i < first
        ? { version, sequence }
        : { version, sequence: start + 2 * (i - first + 1) }
    );
    const sent = stored.map(({ version, sequence }, i) =>
      i < first
        ? { version, sequence }
        : { version, sequence: start - sequence }
    );
    const carried = walk(stored);
    walk(sent).forEach((trail, i) => {
      const position = i < first ? 0 : -sent[i]!.sequence;
      const parsed = parseTrail(
        formatTrail(trail),
        stored[i]!.sequence,
        position,
      );
      assertEquals(parsed, carried[i]);
      assertEquals(parsed && places(parsed), expected(stored, i));
    });
  }));
});

Deno.test("formatTrail() stays short when the history is long", () => {
  let [trail, last]: [Trail | undefined, Waypoint] = [undefined, NOTHING];
  let longest = 0;
  for (let i = 1; i <= 100_000; i++) {
    trail = followingTrail(last, trail);
    last = { version: i, sequence: i * 1_000 };
    if (i % 97 === 0) longest = Math.max(longest, formatTrail(trail).length);
  }
  assert(longest < 260, `${longest} bytes`);
});

Deno.test("parseTrail() refuses what is no trail of the message", () => {
  for (
    const text of [
      "",
      ";",
      ";;",
      "1",
      "1;;;",
      "1;a",
      "x y;;",
      "2;a,,b;",
      "2;-1;",
      "2;0;",
      "2;z;",
      "2;k;",
      "3;5,0;",
      "3;5,9;",
      "2;~k;",
      "2;~0;",
      "2;5;1~0",
      "2;~3;",
      "2;5;1",
      "2;5;1:z",
      "2;5;,1:1",
      "2;5;1:1,2:5",
      `2;${"zzzzzzzzzzzzzzzz"};`,
      `${"zzzzzzzzzzzzzzzz"};;`,
      "2;5;1:5,2:4",
      `2;5;1:5${",".repeat(48)}`,
    ]
  ) {
    for (const position of [0, 3]) {
      assertEquals(parseTrail(text, 20, position), undefined, text);
    }
  }
  assertEquals(parseTrail("1;;", 20, 0), FIRST_TRAIL);
  const most = parseTrail(`2;5;1:5${",".repeat(47)}`, 20, 0);
  assertEquals(most && farOf(most).length, 48);
  fc.assert(fc.property(fc.string(), fc.nat(), fc.nat(), (text, own, at) => {
    const trail = parseTrail(text, own, at);
    assert(
      trail === undefined || nearOf(trail).every((sequence) => sequence < own),
    );
  }));
});
