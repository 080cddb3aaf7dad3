/**
 * What is drawn is read by Mermaid itself.
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { createEvent, InMemoryEventStore } from "../../../mod.ts";
import {
  discoverModel,
  type Model,
  toMarkdown,
  toMermaid,
  toProcessMap,
} from "../../../model/mod.ts";
import { anyCharacter } from "../../support/any_character.ts";
import { tablesOf } from "../../support/markdown.ts";
import { bank } from "./_bank.ts";

const { window } = parseHTML("<html><body></body></html>");
const { document, Element } = window as unknown as Record<string, unknown>;
Object.assign(globalThis, { window, document, Element });
const { default: mermaid } = await import("mermaid");

async function parses(diagram: string): Promise<void> {
  const { diagramType } = await mermaid.parse(diagram);
  assertEquals(diagramType, "flowchart-v2");
}

const VIEWS = ["flow", "actor", "timeline"] as const;

Deno.test("mermaid.parse() refuses what is no diagram", async () => {
  await assertRejects(() => mermaid.parse("flowchart LR\n  n0[Deposit --> n1"));
});

for (const view of VIEWS) {
  Deno.test(`toMermaid() draws the view ${view}`, async () => {
    await parses(toMermaid(bank, { view }));
  });
}

Deno.test("toMermaid() draws every part of the flow", () => {
  const lines = toMermaid(bank).split("\n").map((line) => line.trim());
  const idOf = (label: string): string => {
    const line = lines.find((line) => line.includes(`"${label}"`));
    assert(line, label);
    return /^n\d+/.exec(line)![0];
  };
  const arrows = [
    ["Customer", "Deposit"],
    ["Deposit", "Account"],
    ["Account", "Deposited"],
    ["Deposited", "review large deposits"],
    ["review large deposits", "Begin"],
    ["Deposited", "balances"],
    ["balances", "Customer"],
    ["ReviewBegun", "fraud office"],
    ["fraud office", "Freeze"],
  ];
  for (const [from, to] of arrows) {
    assert(
      lines.includes(`${idOf(from!)} --> ${idOf(to!)}`),
      `${from} to ${to}`,
    );
  }
  const hotspot = idOf("Who unfreezes an account?");
  assert(lines.includes(`${hotspot} -.- ${idOf("Frozen")}`));
});

Deno.test("toMermaid() draws one actor, or which event follows which", () => {
  const one = toMermaid(bank, { view: "actor", actor: "review" });
  assert(one.includes("ReviewBegun") && !one.includes("Deposited"), one);
  const timeline = toMermaid(bank, { view: "timeline" }).split("\n");
  assertEquals(timeline.filter((line) => line.includes("-->")).length, 1);
});

Deno.test("toMermaid() refuses what it can't draw", () => {
  assertThrows(
    () => toMermaid(bank, { view: "map" as "flow" }),
    RangeError,
    'view must be "flow" or "actor" or "timeline", got "map"',
  );
  assertThrows(
    () => toMermaid(bank, { actor: "acount" }),
    RangeError,
    "actor must be an actor of the model",
  );
  assertThrows(
    () => toMermaid(bank, { veiw: "flow" } as object),
    TypeError,
    "did you mean view?",
  );
});

Deno.test("toMermaid() draws models of any names", async () => {
  const name = fc.string({ unit: anyCharacter, minLength: 1 })
    .filter((text) => text.trim() !== "" && text.isWellFormed());
  const model = fc.tuple(name, name, name, name).map(
    ([kind, command, type, person]): Model => ({
      name: "any",
      actors: {
        [kind]: {
          commands: { [command]: { by: [person], emits: [type] } },
          events: { [type]: {} },
          invariants: [person],
        },
      },
      policies: { [person]: { on: [type], issues: [`${kind}.${command}`] } },
      readModels: { [type]: { from: [type] } },
      externalSystems: { [kind]: { on: [type] } },
      hotspots: [{ note: command, about: [type] }],
    }),
  );
  await fc.assert(
    fc.asyncProperty(model, fc.constantFrom(...VIEWS), async (model, view) => {
      await parses(toMermaid(model, { view }));
      for (const rows of tablesOf(toMarkdown(model))) {
        const [head] = rows;
        for (const row of rows) assertEquals(row.length >= head!.length, true);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("toMermaid() draws a model of 1,000 events", () => {
  const types = Array.from({ length: 1_000 }, (_, i) => `Happened${i}`);
  const diagram = toMermaid({
    name: "large",
    actors: {
      thing: {
        commands: { Do: { emits: types } },
        events: Object.fromEntries(types.map((type) => [type, {}])),
      },
    },
  });
  assertEquals(diagram.match(/:::event/g)?.length, 1_000);
});

Deno.test("toProcessMap() draws what Mermaid reads", async () => {
  await using store = new InMemoryEventStore();
  for (const [i, eventType] of ['A "b"', "end", "<c>"].entries()) {
    await store.saveEvent(
      createEvent({ actorId: "x-1", eventType, version: i + 1, data: {} }),
    );
  }
  await parses(toProcessMap(await discoverModel(store)));
});

Deno.test("toMarkdown() lists actors, commands, events and who reads them", () => {
  const page = toMarkdown(bank);
  const tables = tablesOf(page);
  assertEquals(tables[0], [
    ["command", "issued by", "leads to"],
    ["Open", "Customer", "Opened"],
    ["Deposit", "Customer", "Deposited"],
    ["Freeze", "fraud office", "Frozen"],
  ]);
  assertEquals(tables[1], [
    ["event", "data", "read by"],
    ["Opened", "owner: who owns the account", "balances"],
    ["Deposited", "the amount in cents", "review large deposits, balances"],
    ["Frozen", "", ""],
  ]);
  assert(page.startsWith("# A bank\n\n## Account\n\n- The balance is never"));
  assert(page.includes("- Who unfreezes an account? (Frozen, account.Freeze)"));
});
