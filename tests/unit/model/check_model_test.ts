import { assertEquals } from "@std/assert";
import { checkModel, type Model, parseModel } from "../../../model/mod.ts";
import { bank } from "./_bank.ts";

const found = (model: unknown) =>
  checkModel(parseModel(model)).map(({ code, place }) => `${code} ${place}`);

const door = {
  commands: { Open: { by: ["Visitor"], emits: ["Opened"] } },
  events: { Opened: {} },
};

Deno.test("checkModel() finds nothing in a model that is whole", () => {
  assertEquals(checkModel(bank), []);
});

Deno.test("checkModel() finds that there are no actors", () => {
  assertEquals(found({ name: "m", actors: {} }), ["empty-model actors"]);
});

Deno.test("checkModel() finds events and commands that are not defined", () => {
  const model = {
    name: "m",
    actors: {
      door: {
        commands: { Open: { by: ["Visitor"], emits: ["Opened", "Opend"] } },
        events: door.events,
      },
    },
    policies: { p: { on: ["Closed"], issues: ["door.Close"] } },
    readModels: { r: { from: ["Closed"] } },
    externalSystems: { x: { on: ["Closed"], issues: ["Open"] } },
    hotspots: [{ note: "?", about: ["door", "door.Open", "p", "window"] }],
  };
  assertEquals(found(model), [
    "unknown-event actors.door.commands.Open.emits",
    "unknown-event policies.p.on",
    "unknown-command policies.p.issues",
    "unknown-event readModels.r.from",
    "unknown-event externalSystems.x.on",
    "unknown-command externalSystems.x.issues",
    "unknown-reference hotspots[0].about",
  ]);
  const [first] = checkModel(parseModel(model));
  assertEquals(
    first?.message,
    'There is no event of actor "door" called "Opend": did you mean "Opened"?',
  );
});

Deno.test("checkModel() finds an event of another actor in emits", () => {
  assertEquals(
    found({
      name: "m",
      actors: {
        door,
        lock: {
          commands: { Turn: { by: ["Visitor"], emits: ["Opened"] } },
          events: {},
        },
      },
    }),
    ["unknown-event actors.lock.commands.Turn.emits"],
  );
});

Deno.test("checkModel() finds what nobody issues, emits or hears of", () => {
  assertEquals(
    found({
      name: "m",
      actors: {
        door: {
          commands: {
            Open: { emits: [] },
            Close: { by: [], emits: ["Closed"] },
          },
          events: { Opened: {}, Closed: {} },
        },
      },
      policies: { p: { on: [], issues: [] } },
      readModels: { r: { from: [] } },
      externalSystems: { x: {} },
    }),
    [
      "command-without-events actors.door.commands.Open.emits",
      "command-never-issued actors.door.commands.Open",
      "command-never-issued actors.door.commands.Close",
      "event-never-emitted actors.door.events.Opened",
      "hears-nothing policies.p.on",
      "policy-without-commands policies.p.issues",
      "hears-nothing readModels.r.from",
      "hears-nothing externalSystems.x.on",
    ],
  );
});

Deno.test("checkModel() finds an event type that two actors have", () => {
  assertEquals(found({ name: "m", actors: { door, gate: door } }), [
    "shared-event-type actors.gate.events.Opened",
  ]);
});

Deno.test("checkModel() reports policies that lead in a circle once", () => {
  const step = (emits: string) => ({
    commands: { Go: { emits: [emits] } },
    events: { [emits]: {} },
  });
  const model = {
    name: "m",
    actors: { a: step("A"), b: step("B"), c: step("C") },
    policies: {
      ab: { on: ["A"], issues: ["b.Go"] },
      bc: { on: ["B"], issues: ["c.Go"] },
      ca: { on: ["C"], issues: ["a.Go"] },
    },
  };
  const findings = checkModel(parseModel(model));
  assertEquals(findings.map(({ code, severity }) => [code, severity]), [
    ["policy-cycle", "warning"],
  ]);
  assertEquals(
    findings[0]?.message.split(":")[0],
    "Policies lead in a circle, A, B, C, A",
  );
  const self = {
    name: "m",
    actors: { a: step("A") },
    policies: { aa: { on: ["A"], issues: ["a.Go"] } },
  };
  assertEquals(found(self), ["policy-cycle policies"]);
});

Deno.test("checkModel() takes a model of 1,000 events", () => {
  const types = Array.from({ length: 1_000 }, (_, i) => `Happened${i}`);
  const model: Model = {
    name: "large",
    actors: {
      thing: {
        commands: { Do: { by: ["Somebody"], emits: types } },
        events: Object.fromEntries(types.map((type) => [type, {}])),
      },
    },
    policies: { chain: { on: types, issues: ["thing.Do"] } },
  };
  assertEquals(found(model), ["policy-cycle policies"]);
});
