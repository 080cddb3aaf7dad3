import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type CommandOf,
  defineModel,
  type EventTypeOf,
  type Model,
  parseModel,
  toJSON,
} from "../../../model/mod.ts";
import { bank } from "./_bank.ts";

Deno.test("defineModel() keeps the types of literals", () => {
  const bank = defineModel({
    name: "bank",
    actors: {
      account: {
        commands: { Deposit: { emits: ["Deposited"] } },
        events: { Deposited: {} },
      },
      review: {
        commands: { Begin: { emits: ["ReviewBegun"] } },
        events: { ReviewBegun: {} },
      },
    },
  });
  type Bank = typeof bank;
  const emitted: "Deposited" = bank.actors.account.commands.Deposit.emits[0];
  assertEquals(emitted, "Deposited");
  const type: EventTypeOf<Bank> = "Deposited";
  const command: CommandOf<Bank> = "account.Deposit";
  // @ts-expect-error no actor has such an event
  const noType: EventTypeOf<Bank> = "Withdrawn";
  // @ts-expect-error the command is of another actor
  const noCommand: CommandOf<Bank> = "review.Deposit";
  assertEquals([type, command], ["Deposited", "account.Deposit"]);
  assertEquals(noType.length + noCommand.length > 0, true);
});

Deno.test("defineModel() does not compile with references that are not defined", () => {
  const actors = {
    door: { commands: { Open: { emits: ["Opened"] } }, events: { Opened: {} } },
  } as const;
  defineModel({
    name: "emits",
    actors: {
      door: {
        // @ts-expect-error no such event
        commands: { Open: { emits: ["Opend"] } },
        events: { Opened: {} },
      },
    },
  });
  defineModel({
    name: "policies",
    actors,
    // @ts-expect-error no such event
    policies: { react: { on: ["Closed"], issues: ["door.Open"] } },
  });
  defineModel({
    name: "commands",
    actors,
    // @ts-expect-error commands are named with their actor
    policies: { react: { on: ["Opened"], issues: ["Open"] } },
  });
  defineModel({
    name: "read models",
    actors,
    // @ts-expect-error no such event
    readModels: { open: { from: ["Closed"] } },
  });
  defineModel({
    name: "hotspots",
    actors,
    // @ts-expect-error nothing is called so
    hotspots: [{ note: "?", about: ["window"] }],
  });
});

Deno.test("defineModel() copies and freezes", () => {
  const emits = ["Opened"] as ["Opened"];
  const model = defineModel({
    name: "doors",
    actors: { door: { commands: { Open: { emits } }, events: { Opened: {} } } },
  });
  (emits as string[]).push("Closed");
  assertEquals(model.actors.door.commands.Open.emits, ["Opened"]);
  assertThrows(() => {
    (model.actors.door.commands.Open.emits as unknown as string[]).push("x");
  }, TypeError);
});

Deno.test("parseModel() reads what toJSON() writes", () => {
  const json = JSON.stringify(toJSON(bank));
  assertEquals(parseModel(json), bank);
  assertEquals(parseModel(JSON.parse(json)), bank);
  assertEquals(JSON.parse(json).aetherModel, 1);
});

Deno.test("parseModel() reads models of any names", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1 })
    .filter((text) => text.trim() !== "" && text.isWellFormed());
  const actor = fc.record({
    commands: fc.dictionary(name, fc.record({ emits: fc.array(name) })),
    events: fc.dictionary(name, fc.record({ title: name })),
  });
  const model = fc.record({ name, actors: fc.dictionary(name, actor) });
  fc.assert(fc.property(model, (model) => {
    const read = parseModel(JSON.stringify(toJSON(parseModel(model))));
    assertEquals(read.name, model.name);
    assertEquals(Object.keys(read.actors), Object.keys(model.actors));
  }));
});

Deno.test("toJSON() names the vendor of a schema", () => {
  const schema = Object.assign(() => {}, {
    "~standard": {
      version: 1 as const,
      vendor: "none",
      validate: () => ({}),
    },
    toJSON: () => "not this",
  });
  const model = defineModel({
    name: "doors",
    actors: { door: { commands: {}, events: { Opened: { data: schema } } } },
  });
  const { actors } = toJSON(model) as unknown as Model;
  assertEquals(actors.door?.events.Opened?.data, "a schema of none");
});

const BAD: readonly (readonly [value: unknown, message: string])[] = [
  [undefined, "the model must be an object, got undefined"],
  [[], "the model must be an object"],
  [{}, "name must be a text that is not empty, got undefined"],
  [{ name: " ", actors: {} }, "name must be a text that is not empty"],
  [{ name: "m" }, "actors must be an object, got undefined"],
  [
    { name: "m", actors: { a: { commands: {}, events: { E: null } } } },
    "actors.a.events.E must be an object, got null",
  ],
  [
    { name: "m", actors: { "a b": { commands: [], events: {} } } },
    'actors["a b"].commands must be an object',
  ],
  [
    { name: "m", actors: { a: { commands: { C: {} }, events: {} } } },
    "actors.a.commands.C.emits must be an array, got undefined",
  ],
  [
    {
      name: "m",
      actors: { a: { commands: { C: { emits: [1] } }, events: {} } },
    },
    "actors.a.commands.C.emits[0] must be a text that is not empty, got 1",
  ],
  [
    { name: "m", actors: { "": { commands: {}, events: {} } } },
    "a name in actors must be a text that is not empty",
  ],
  [
    { name: "\ud800", actors: {} },
    "name must be text without lone surrogates",
  ],
  [
    { name: "m", actors: {}, readModel: {} },
    "readModel is no part of a model; did you mean readModels?",
  ],
  [
    { name: "m", actors: {}, hotspots: [{ note: "?", abuot: [] }] },
    "hotspots[0].abuot is no part of a model; did you mean about?",
  ],
  [{ aetherModel: 2, name: "m", actors: {} }, "aetherModel must be 1, got 2"],
];

for (const [value, message] of BAD) {
  Deno.test(`parseModel() refuses a model: ${message}`, () => {
    const error = assertThrows(() => parseModel(value), TypeError);
    assertEquals(
      error.message.slice(0, `Cannot parse model: ${message}`.length),
      `Cannot parse model: ${message}`,
    );
  });
}

Deno.test("parseModel() refuses text that is no JSON", () => {
  assertThrows(() => parseModel("{"), SyntaxError, "Cannot parse model: ");
});
