/**
 * The theme of the election contract on arguments.
 *
 * @module
 */

import { assertRejects } from "@std/assert";
import { assertThrows } from "@std/assert";
import type { LocalElectionOptions } from "../../../cluster/mod.ts";
import type { ElectionContract } from "./fixture.ts";

/** Options that are refused, with the error's class and a part of its text. */
const REFUSED: readonly [
  options: Record<string, unknown>,
  type: typeof TypeError | typeof RangeError,
  text: string,
][] = [
  [{ cluster: 1 }, TypeError, "cluster must be a string, got 1"],
  [{ cluster: "" }, RangeError, "cluster must not be empty"],
  [{ name: "n".repeat(129) }, RangeError, "encoded name takes 129 bytes"],
  [{ name: "\ud800" }, TypeError, "name must not have lone surrogates"],
  [{ nodeId: "" }, RangeError, "nodeId must not be empty"],
  [{ lease: "1" }, TypeError, "lease must be a number"],
  [{ lease: 99 }, RangeError, "lease must be an integer from 100"],
  [{ lease: 14_399, renewDeadline: 12_000 }, RangeError, "14400"],
  [{ renewDeadline: 12_000, renewEvery: 4_001 }, RangeError, "12003"],
  [
    { renewDeadline: 11_999, renewEvery: 2_000, retry: 1_500 },
    RangeError,
    "at least 8 times retry, 12000",
  ],
  [
    { renewEvery: 999, retry: 1_000 },
    RangeError,
    "renewEvery must be at least retry, 1000, got 999",
  ],
  [{ retry: 4 }, RangeError, "retry must be a safe integer of at least 5"],
  [{ retry: 0.5 }, RangeError, "retry must be a safe integer"],
  [{ meter: {} }, TypeError, "meter must be"],
  [{ activeSpan: 1 }, TypeError, "activeSpan must be a function"],
  [{ onError: 1 }, TypeError, "onError must be a function"],
  [{ leese: 1 }, TypeError, "did you mean lease?"],
];

/** Registers the theme. */
export function argumentsContract({ test }: ElectionContract): void {
  test("join() refuses options that are not valid", async (fixture) => {
    const defaults = { lease: 15_000 };
    for (const [options, type, text] of REFUSED) {
      const given = { ...defaults, ...options } as LocalElectionOptions;
      const refused = await assertRejects(
        () => fixture.join(given),
        type,
        text,
      );
      assertThrows(
        () => {
          throw refused;
        },
        type,
        "Cannot join election: ",
      );
    }
  });

  test("join() takes names of any characters", async (fixture) => {
    const name = "täglich: Bericht.*>";
    const election = await fixture.join({ name, nodeId: "Knoten 1 🦉" });
    for await (const { leader } of election.changes()) {
      if (leader?.nodeId === "Knoten 1 🦉") break;
    }
  });

  test("terms() and changes() refuse what is no signal", async (fixture) => {
    const election = await fixture.join();
    const options = { signal: 1 } as unknown as { signal: AbortSignal };
    const text = "signal must be an AbortSignal, got 1";
    assertThrows(() => election.terms(options), TypeError, text);
    assertThrows(() => election.changes(options), TypeError, text);
  });
}
