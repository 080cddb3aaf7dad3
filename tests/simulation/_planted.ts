/**
 * The lease with bugs planted.
 *
 * @module
 */

import type { MakeMachine } from "./_node.ts";
import type { SimulationOptions } from "./_simulation.ts";
import { type Edit, plantEdits } from "./planting.ts";

/** A bug, by its name. */
export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** As in {@linkcode SimulationOptions}. */
  readonly knowsLives?: boolean;
}

/** Bugs that the simulation must find, each of which was once a real one. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "the holder counts by its wall clock",
    edits: [{
      file: "lease/clock.ts",
      from: "Math.max(now.monotonic - since.monotonic, now.wall - since.wall)",
      to: "now.wall - since.wall",
    }],
  },
  {
    name: "the holder counts by its monotonic clock alone",
    edits: [{
      file: "lease/clock.ts",
      from: "Math.max(now.monotonic - since.monotonic, now.wall - since.wall)",
      to: "now.monotonic - since.monotonic",
    }],
  },
  {
    name: "the window runs from the reply",
    edits: [{
      file: "lease/machine.ts",
      from: "const { bucket, record, sent } = attempt;",
      to: "const { bucket, record } = attempt; const sent = now;",
    }],
  },
  {
    name: "observers judge by their own lease's duration",
    edits: [{
      file: "lease/observation.ts",
      from: "if (record !== undefined) return record.duration;",
      to: "if (record !== undefined) return this.#options.lease;",
    }],
  },
  {
    name: "a takeover is no compare-and-set",
    edits: [{
      file: "lease/machine.ts",
      from: "          expected: revision,\n",
      to: "          expected: NaN,\n",
    }],
  },
  {
    name: "a takeover names the revision that is read after the verdict",
    edits: [
      {
        file: "lease/machine.ts",
        from: "if (this.#observation.isFree(now.monotonic)) {",
        to: "if (this.isDecided) {\n" +
          '      this.isDecided = false; this.#plan("take", now.monotonic);\n' +
          "    } else if (this.#observation.isFree(now.monotonic)) {\n" +
          '      this.isDecided = true; return this.#plan("read", now.monotonic);',
      },
      {
        file: "lease/machine.ts",
        from: "  #isUnsure = false;",
        to: "  #isUnsure = false; isDecided = false;",
      },
    ],
  },
  {
    name: "a nonce is adopted below the highest revision and term seen",
    edits: [
      { file: "lease/machine.ts", from: "revision >= highest", to: "true" },
      {
        file: "lease/machine.ts",
        from: "own.record.term >= this.#observation.highestTerm",
        to: "true",
      },
    ],
  },
  {
    name: "a nonce is adopted after a release",
    edits: [{
      file: "lease/machine.ts",
      from: "this.#attempts.clear();",
      to: "",
    }],
  },
  {
    name: "revisions are taken without the bucket's incarnation",
    edits: [],
    knowsLives: false,
  },
  {
    name: "a record that is gone counts as released",
    edits: [{
      file: "lease/observation.ts",
      from: ": this.#longest;",
      to: ": 0;",
    }],
  },
  {
    name: "a release is trusted below the highest term seen",
    edits: [{
      file: "lease/observation.ts",
      from: "record.term >= this.#highestTerm;",
      to: "true;",
    }],
  },
  {
    name: "a holder renews on after its window",
    edits: [{
      file: "lease/machine.ts",
      from: "return elapsed(sent, now) < this.#settings.renewDeadline;",
      to: "return elapsed(sent, now) < 2 * this.#settings.renewDeadline;",
    }],
  },
  {
    name: "terms begin anew",
    edits: [{
      file: "lease/machine.ts",
      from: "Math.max(seen + 1, Math.floor(wall))",
      to: "Math.floor(wall)",
    }],
  },
];

/** Loads the lease with a bug planted. Disposing removes its files. */
export async function plant(
  { edits, knowsLives = true }: PlantedBug,
): Promise<SimulationOptions & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const planted = stack.use(
    await plantEdits(edits, { files: [], rooms: ["lease"] }),
  );
  const { LeaseMachine } = await planted.load("lease/machine.ts");
  const makeMachine: MakeMachine = (options) => new LeaseMachine(options);
  const files = stack.move();
  return {
    makeMachine,
    knowsLives,
    [Symbol.asyncDispose]: () => files.disposeAsync(),
  };
}
