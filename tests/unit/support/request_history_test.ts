/**
 * The fault suite of requests finds what it looks for.
 */

import { assert, assertEquals } from "@std/assert";
import {
  commandOf,
  RequestHistory,
  type StoredCommand,
} from "../../fault/requests/_history.ts";

/** Two callers with two commands each, all in order. */
const LINES: readonly string[] = [
  "sent a 1",
  "began a#1",
  "acked a 1 20",
  "sent b 1",
  "began b#1",
  "acked b 1 30",
  "saw 0 5 1",
  "saw 1 5 2",
  "sent a 2",
  "sent b 2",
  "began a#2",
  "began b#2",
  "acked a 2 10",
  "acked b 2 10",
  "saw 0 5 3",
  "saw 1 5 4",
  "saw 1 7 4", // once more, for the next owner
];

const STORED: readonly StoredCommand[] = [
  { id: commandOf("a", 1), actorId: "x", shard: 0, sequence: 1 },
  { id: commandOf("b", 1), actorId: "y", shard: 1, sequence: 2 },
  { id: commandOf("a", 2), actorId: "x", shard: 0, sequence: 3 },
  { id: commandOf("b", 2), actorId: "y", shard: 1, sequence: 4 },
];

/** What a checker says to lines and to what is stored. */
function check(
  lines: readonly string[],
  stored: readonly StoredCommand[] = STORED,
): string[] {
  const history = new RequestHistory();
  for (const line of lines) {
    const [word, ...values] = line.split(" ");
    history.hear(word!, values);
  }
  assertEquals(
    history.hasSeen(stored),
    !history.check(stored).some((each) => each.endsWith("was never handled")),
  );
  return history.check(stored);
}

/** The lines with one replaced by others. */
function replacing(line: string, ...others: string[]): string[] {
  assert(LINES.includes(line));
  return LINES.flatMap((each) => each === line ? others : [each]);
}

Deno.test("a history in which all is right has nothing wrong", () => {
  assertEquals(check(LINES), []);
  // A command that was lost may have been applied, or not; and once more it is
  // handled by the next owner.
  assertEquals(check(replacing("acked a 2 10", "failed a 2 unknown X")), []);
  assertEquals(
    check(
      replacing("acked a 2 10", "failed a 2 unknown X")
        .filter((line) => line !== "saw 0 5 3"),
      STORED.toSpliced(2, 1),
    ),
    [],
  );
  assertEquals(check([...LINES, "sent a 3", "failed a 3 no X"]), []);
  // A node that was cut off for a while goes back to the last checkpoint.
  assertEquals(check([...LINES, "lapsed", "saw 0 5 1", "saw 0 5 3"]), []);
});

Deno.test("every rule of the checker finds what is against it", () => {
  const again = { ...STORED[2]!, sequence: 5 };
  const swapped = [
    { ...STORED[2]!, sequence: 1 },
    STORED[1]!,
    { ...STORED[0]!, sequence: 3 },
    STORED[3]!,
  ];
  const planted: [string[], readonly StoredCommand[], string][] = [
    [[...LINES, "sent a 3", "acked a 3 10"], STORED, "a#3 is lost"],
    [[...LINES, "saw 0 5 5"], [...STORED, again], "a#2 was applied 2 times"],
    [
      [...LINES, "saw 0 5 5"],
      [...STORED, { ...again, id: "c#1" }],
      "c#1 was never sent",
    ],
    [[...LINES], swapped, "a#1 was applied behind #2"],
    [
      replacing("acked a 2 10", "failed a 2 no X"),
      STORED,
      "a#2 was applied, yet not begun",
    ],
    [
      [...LINES, "sent a 3", "began a#3", "failed a 3 no X"],
      STORED,
      "a#3 has begun, and its caller was told that it has not",
    ],
    [
      LINES.filter((line) => line !== "saw 0 5 3"),
      STORED,
      "a#2 was never handled",
    ],
    [
      replacing("saw 0 5 1", "saw 0 6 1"),
      STORED,
      "event 3 of shard 0 at epoch 5 was handled before others",
    ],
    [
      replacing("saw 0 5 3", "saw 0 5 3", "saw 0 5 1"),
      STORED,
      "event 1 of shard 0 at epoch 5 was handled behind 3",
    ],
    [
      [...LINES, "saw 1 7 3"],
      STORED,
      "event 3 of shard 1 at epoch 7 is not of that shard",
    ],
  ];
  for (const [lines, stored, expected] of planted) {
    const found = check(lines, stored);
    assert(found.includes(expected), `${expected}: ${found.join("; ")}`);
  }
});
