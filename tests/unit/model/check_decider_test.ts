import { assertEquals, assertRejects } from "@std/assert";
import type { Decider } from "../../../decider/mod.ts";
import { Rejection } from "../../../decider/mod.ts";
import type { Event } from "../../../mod.ts";
import { checkDecider, defineModel } from "../../../model/mod.ts";

type Deposited = Event<"Deposited", { amount: number }>;
type Withdrawn = Event<"Withdrawn", { amount: number }>;
type Command =
  | { readonly type: "Deposit"; readonly amount: number }
  | { readonly type: "Withdraw"; readonly amount: number };

const decider: Decider<number, Command, Deposited | Withdrawn> = {
  initialState: 0,
  decide({ type, amount }, balance) {
    if (type === "Deposit") return { eventType: "Deposited", data: { amount } };
    if (amount > balance) throw new Rejection("poor", "Not enough money");
    return { eventType: "Withdrawn", data: { amount } };
  },
  evolve: (balance, { eventType, data }) =>
    eventType === "Deposited" ? balance + data.amount : balance - data.amount,
};

const positive = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      (value as { amount: number }).amount > 0
        ? {}
        : { issues: [{ message: "must be positive", path: ["amount"] }] },
  },
};

const { actors: { account } } = defineModel({
  name: "bank",
  actors: {
    account: {
      commands: {
        Deposit: { emits: ["Deposited"] },
        Withdraw: { emits: ["Withdrawn"] },
      },
      events: { Deposited: { data: positive }, Withdrawn: {} },
    },
  },
});

const deposit = { type: "Deposit", amount: 10 } as const;
const withdraw = { type: "Withdraw", amount: 5 } as const;

Deno.test("checkDecider() finds nothing where decider and model agree", async () => {
  const given = [{ eventType: "Deposited" as const, data: { amount: 10 } }];
  assertEquals(
    await checkDecider(account, decider, [
      { command: deposit },
      { command: withdraw }, // rejected
      { command: withdraw, given },
      { command: withdraw, state: 100 },
    ]),
    [],
  );
});

Deno.test("checkDecider() names what was not tried", async () => {
  const findings = await checkDecider(account, decider, [{
    command: withdraw,
  }]);
  assertEquals(
    findings.map(({ code, place, severity }) => [code, place, severity]),
    [
      ["command-not-tried", "commands.Deposit", "warning"],
      ["event-not-seen", "commands.Withdraw", "warning"],
    ],
  );
});

Deno.test("checkDecider() finds what the model does not say, once", async () => {
  const { actors: { account: other } } = defineModel({
    name: "other",
    actors: {
      account: {
        commands: {
          Deposit: { emits: ["Credited"] },
          Withdrew: { emits: ["Credited"] },
        },
        events: { Credited: {}, Deposited: {} },
      },
    },
  });
  const findings = await checkDecider(other, decider, [
    { command: deposit },
    { command: deposit },
    { command: withdraw, state: 10 },
  ]);
  assertEquals(findings.map(({ code, place }) => [code, place]), [
    ["undeclared-event", "commands.Deposit"],
    ["unknown-command", "commands.Withdraw"],
    ["event-not-seen", "commands.Deposit"],
    ["command-not-tried", "commands.Withdrew"],
  ]);
});

Deno.test("checkDecider() validates data by its schema", async () => {
  const findings = await checkDecider(account, decider, [
    { command: { type: "Deposit", amount: -1 } },
    { command: withdraw, state: 10 },
  ]);
  assertEquals(findings.map(({ code, message }) => [code, message]), [
    [
      "invalid-data",
      "The data that Deposit emitted does not fit the schema: amount: must be positive",
    ],
  ]);
});

Deno.test("checkDecider() reports a decider that throws", async () => {
  const broken = {
    ...decider,
    decide: (): never => {
      throw new TypeError("balance is undefined");
    },
  };
  const [finding] = await checkDecider(account, broken, [{ command: deposit }]);
  assertEquals(finding?.code, "decider-failed");
  assertEquals(finding?.message.endsWith("balance is undefined"), true);
});

Deno.test("checkDecider() needs to know the names of commands", async () => {
  const named = { ...decider, decide: (_: { kind: string }) => [] };
  await assertRejects(
    () => checkDecider(account, named, [{ command: { kind: "Deposit" } }]),
    TypeError,
    "the name of the command of samples[0] must be a string",
  );
  const findings = await checkDecider(
    account,
    named,
    [{ command: { kind: "Deposit" } }, { command: { kind: "Withdraw" } }],
    { commandType: ({ kind }) => kind },
  );
  assertEquals(findings.map(({ code }) => code), [
    "event-not-seen",
    "event-not-seen",
  ]);
});
