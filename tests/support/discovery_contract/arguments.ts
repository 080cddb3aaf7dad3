/**
 * The theme of the discovery contract on arguments.
 *
 * @module
 */

import { assertRejects, assertThrows } from "@std/assert";
import type { LocalDiscoveryOptions } from "../../../cluster/mod.ts";
import { type DiscoveryContract, seesReady } from "./fixture.ts";

/** Options that are refused, with the error's class and a part of its text. */
const REFUSED: readonly [
  options: Record<string, unknown>,
  type: typeof TypeError | typeof RangeError,
  text: string,
][] = [
  [{ cluster: 1 }, TypeError, "cluster must be a string, got 1"],
  [{ cluster: "" }, RangeError, "cluster must not be empty"],
  [{ deployment: "" }, RangeError, "deployment must not be empty"],
  [{ nodeId: "" }, RangeError, "nodeId must not be empty"],
  [{ nodeId: "n".repeat(129) }, RangeError, "encoded nodeId takes 129 bytes"],
  [{ role: "owner" }, RangeError, 'role must be "member" or "client"'],
  [{ weight: "1" }, TypeError, "weight must be a number"],
  [{ weight: 0 }, RangeError, "weight must be a number from 0.01 to 100"],
  [{ appVersion: 1 }, TypeError, "appVersion must be a string"],
  [{ roles: "worker" }, TypeError, "roles must be an array of strings"],
  [{ roles: [1] }, TypeError, "roles must be an array of strings"],
  [{ metadata: [] }, TypeError, "metadata must be an object of strings"],
  [{ metadata: { a: 1 } }, TypeError, "metadata must be an object of strings"],
  [
    { metadata: { a: "x".repeat(16_384) } },
    RangeError,
    "metadata must be at most 16384 bytes",
  ],
  [{ startTimeout: 0 }, RangeError, "startTimeout must be"],
  [{ startTimeout: 2 ** 31 }, RangeError, "startTimeout must be"],
  [{ settle: -1 }, RangeError, "settle must be"],
  [{ settle: 2 ** 31 }, RangeError, "settle must be"],
  [{ lease: 99 }, RangeError, "lease must be an integer from 100"],
  [{ meter: {} }, TypeError, "meter must be"],
  [{ onError: 1 }, TypeError, "onError must be a function"],
  [{ metdata: {} }, TypeError, "did you mean metadata?"],
];

/** Registers the theme. */
export function discoveryArgumentsContract(
  { test }: DiscoveryContract,
): void {
  test("join() refuses options that are not valid", async (fixture) => {
    for (const [options, type, text] of REFUSED) {
      const refused = await assertRejects(
        () => fixture.join(options as LocalDiscoveryOptions),
        type,
        text,
      );
      assertThrows(
        () => {
          throw refused;
        },
        type,
        "Cannot join cluster: ",
      );
    }
  });

  test("join() takes ids and texts of any characters", async (fixture) => {
    const node = {
      nodeId: "Knoten 1.*> 🦉",
      appVersion: "1.0 – „neu“",
      roles: ["", "Rolle\n"],
      metadata: { "": "\u0000", __proto: "x" },
    };
    const discovery = await fixture.join(node);
    const [found] = await seesReady(discovery, [node.nodeId]);
    const { nodeId: _, ...rest } = node;
    for (const [name, value] of Object.entries(rest)) {
      const got = (found as unknown as Record<string, unknown>)[name];
      if (JSON.stringify(got) === JSON.stringify(value)) continue;
      throw new Error(`${name} came back as ${JSON.stringify(got)}`);
    }
  });

  test("changes() refuses what is no signal", async (fixture) => {
    const discovery = await fixture.join();
    const options = { signal: 1 } as unknown as { signal: AbortSignal };
    const text = "Cannot follow changes: signal must be an AbortSignal, got 1";
    assertThrows(() => discovery.changes(options), TypeError, text);
  });
}
