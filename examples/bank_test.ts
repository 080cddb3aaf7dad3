import { assertEquals, assertRejects } from "@std/assert";
import { InMemoryEventStore } from "@flowmade-one/aether";
import { commandHandler, Rejection } from "@flowmade-one/aether/decider";
import { specificationOf, withFaults } from "@flowmade-one/aether/testing";
import {
  checkDecider,
  checkModel,
  checkStore,
} from "@flowmade-one/aether/model";
import { account, type AccountEvent, transfer } from "./bank.ts";
import { bankModel } from "./bank_model.ts";

const { given } = specificationOf(account);

const opened = { eventType: "AccountOpened", data: { owner: "Jane" } } as const;
const deposited = (amount: number) =>
  ({ eventType: "Deposited", data: { amount } }) as const;
const withdrawn = (amount: number) =>
  ({ eventType: "Withdrawn", data: { amount } }) as const;
const closed = { eventType: "AccountClosed", data: {} } as const;

Deno.test("an account is opened once", () => {
  given().when({ type: "open", owner: "Jane" }).then(opened);
  given(opened).when({ type: "open", owner: "John" }).thenRejects("exists");
  given(opened, closed).when({ type: "open", owner: "Jane" })
    .thenRejects("exists");
});

Deno.test("money goes into open accounts only", () => {
  given(opened).when({ type: "deposit", amount: 5 }).then(deposited(5));
  given().when({ type: "deposit", amount: 5 }).thenRejects("not-open");
  given(opened, closed).when({ type: "deposit", amount: 5 })
    .thenRejects("not-open");
});

Deno.test("no more is withdrawn than there is", () => {
  const rich = given(opened, deposited(10));
  rich.when({ type: "withdraw", amount: 10 }).then(withdrawn(10));
  const refused = rich.when({ type: "withdraw", amount: 11 })
    .thenRejects("too-little");
  assertEquals(refused.data, { balance: 10 });
});

Deno.test("an account is closed when it is empty", () => {
  given(opened).when({ type: "close" }).then(closed);
  given(opened, deposited(1)).when({ type: "close" }).thenRejects("not-empty");
  given(opened, deposited(1), withdrawn(1)).when({ type: "close" })
    .thenState({ status: "closed", balance: 0 });
});

/** A store with two open accounts, 10 in the first. */
async function bank() {
  const store = withFaults(new InMemoryEventStore<AccountEvent>());
  const accounts = commandHandler(store, account);
  await accounts.execute("a", { type: "open", owner: "Jane" });
  await accounts.execute("b", { type: "open", owner: "John" });
  await accounts.execute("a", { type: "deposit", amount: 10 });
  return { store, accounts };
}

Deno.test("a transfer moves money, once", async () => {
  const { store, accounts } = await bank();
  await using _ = store;
  const order = { from: "a", to: "b", amount: 7, commandId: "transfer-1" };
  // Nobody knows what came of it, so it is sent again.
  store.faults.push("unknown-but-stored");
  await assertRejects(() => transfer(store, order));
  const { from, to } = await transfer(store, order);
  assertEquals([from.balance, to.balance], [3, 7]);
  assertEquals((await accounts.load("b")).version, 2);
});

Deno.test("a transfer is refused as a whole", async () => {
  const { store, accounts } = await bank();
  await using _ = store;
  await accounts.execute("b", { type: "close" });
  const order = { from: "a", to: "b", amount: 7, commandId: "transfer-1" };
  await assertRejects(() => transfer(store, order), Rejection, "not open");
  assertEquals((await accounts.load("a")).state.balance, 10);
});

Deno.test("a transfer is decided again when money has left meanwhile", async () => {
  const { store, accounts } = await bank();
  await using _ = store;
  store.faults.push({
    first: () => accounts.execute("a", { type: "withdraw", amount: 4 }),
  });
  const order = { from: "a", to: "b", amount: 7, commandId: "transfer-1" };
  await assertRejects(() => transfer(store, order), Rejection, "too low");
});

Deno.test("the model of the bank is whole, and says what its decider does", async () => {
  assertEquals(checkModel(bankModel), []);
  const findings = await checkDecider(bankModel.actors.account!, account, [
    { command: { type: "open", owner: "Jane" } },
    { given: [opened], command: { type: "open", owner: "Jane" } }, // refused
    { given: [opened], command: { type: "deposit", amount: 5 } },
    {
      given: [opened, deposited(5)],
      command: { type: "withdraw", amount: 5 },
    },
    { given: [opened], command: { type: "close" } },
  ]);
  assertEquals(findings, []);
});

Deno.test("the model of the bank knows every event of its store", async () => {
  const { store, accounts } = await bank();
  await using _ = store;
  await transfer(store, { from: "a", to: "b", amount: 7, commandId: "t" });
  await accounts.execute("a", { type: "withdraw", amount: 3 });
  await accounts.execute("a", { type: "close" });
  const report = await checkStore(bankModel, store, {
    actorKind: () => "account",
  });
  assertEquals(report.unknownEventTypes, []);
  assertEquals(report.unusedEventTypes, []);
});
