import { assertEquals, assertThrows } from "@std/assert";
import type { Decided, Decider, Rejection } from "../../../decider/mod.ts";
import type { Event } from "../../../event/event.ts";
import { SpecificationError, specificationOf } from "../../../testing/mod.ts";
import { account, deposit, withdraw } from "../../support/decider/accounts.ts";

const { given } = specificationOf(account);

const deposited = (amount: number) =>
  ({ eventType: "Deposited", data: { amount } }) as const;
const withdrawn = (amount: number) =>
  ({ eventType: "Withdrawn", data: { amount } }) as const;

Deno.test("then() passes only for exactly these events in this order", () => {
  const outcome = given(deposited(10)).when(withdraw(3, 1));
  const fee = { eventType: "FeeCharged", data: { amount: 1 } } as const;
  outcome.then(withdrawn(3), fee);
  for (
    const others of [
      [],
      [withdrawn(3)],
      [fee, withdrawn(3)],
      [withdrawn(3), fee, fee],
      [withdrawn(4), fee],
      [deposited(3), fee],
    ]
  ) assertThrows(() => outcome.then(...others), SpecificationError);
});

Deno.test("then() says where the events differ", () => {
  const error = assertThrows(
    () => given().when(deposit(10)).then(withdrawn(11), deposited(1)),
    SpecificationError,
  );
  assertEquals(
    error.message,
    `The events are not as expected:
  events[0].eventType: "Deposited", expected "Withdrawn"
  events[0].data.amount: 10, expected 11
  events[1]: nothing, expected {"eventType":"Deposited","data":{"amount":1}}`,
  );
  assertEquals(error.actual, [deposited(10)]);
  assertEquals(error.expected, [withdrawn(11), deposited(1)]);
});

Deno.test("then() compares metadata only where it is expected", () => {
  const tagging: typeof account = {
    ...account,
    decide: () => ({ ...deposited(1), metadata: { userId: "jane" } }),
  };
  const outcome = specificationOf(tagging).given().when(deposit(1));
  outcome.then(deposited(1));
  outcome.then({ ...deposited(1), metadata: { userId: "jane" } });
  assertThrows(
    () => outcome.then({ ...deposited(1), metadata: { userId: "john" } }),
    SpecificationError,
    'events[0].metadata.userId: "jane", expected "john"',
  );
});

Deno.test("then() and thenNothing() say what was thrown instead", () => {
  const refused = given().when(withdraw(1));
  for (const ask of [() => refused.then(withdrawn(1)), refused.thenNothing]) {
    const error = assertThrows(
      () => ask.call(refused),
      SpecificationError,
      'it rejected with "too-little": Balance is too low',
    );
    assertEquals((error.cause as Rejection).code, "too-little");
  }
});

Deno.test("thenNothing() passes only for no events", () => {
  given().when(deposit(0)).thenNothing();
  assertThrows(
    () => given().when(deposit(1)).thenNothing(),
    SpecificationError,
    'events[0]: {"eventType":"Deposited","data":{"amount":1}}, expected nothing',
  );
});

Deno.test("thenRejects() gives the rejection with this code", () => {
  const refused = given(deposited(5)).when(withdraw(6));
  assertEquals(refused.thenRejects("too-little").data, { balance: 5 });
  assertThrows(
    () => refused.thenRejects("closed"),
    SpecificationError,
    'code of the rejection: "too-little", expected "closed"',
  );
  assertThrows(
    () => given().when(deposit(0)).thenRejects("closed"),
    SpecificationError,
    'Expected the decider to reject with "closed", it decided nothing',
  );
  assertThrows(
    () => given().when(deposit(1)).thenRejects("closed"),
    SpecificationError,
    'it decided [{"eventType":"Deposited","data":{"amount":1}}]',
  );
});

Deno.test("thenRejects() passes for no other error", () => {
  const broken: typeof account = {
    ...account,
    decide() {
      throw new RangeError("broken");
    },
  };
  const error = assertThrows(
    () => specificationOf(broken).given().when(deposit(1)).thenRejects("x"),
    SpecificationError,
    "it threw RangeError: broken",
  );
  assertEquals((error.cause as Error).message, "broken");
});

Deno.test("thenState() compares the state before and after the command", () => {
  given().thenState({ balance: 0 });
  given(deposited(5), withdrawn(2)).thenState({ balance: 3 });
  given(deposited(5)).when(withdraw(2)).thenState({ balance: 3 });
  assertThrows(
    () => given(deposited(5)).thenState({ balance: 4 }),
    SpecificationError,
    "The state is not as expected:\n  state.balance: 5, expected 4",
  );
});

type Added = Event<"Added", { item: string }>;

function decider<State>(
  initialState: State,
  evolve: (state: State, event: Added) => State,
  decide: (item: string, state: State) => Decided<Added> = (item) => ({
    eventType: "Added",
    data: { item },
  }),
): Decider<State, string, Added> {
  return { initialState, evolve, decide };
}

const added = (item: string) =>
  ({ eventType: "Added", data: { item } }) as const;

Deno.test("given() fails for a decider that changes its state", () => {
  const pushing = decider({ items: [] as string[] }, (state, event) => {
    state.items.push(event.data.item);
    return state;
  });
  assertThrows(() => specificationOf(pushing).given(added("a")), TypeError);
  const clearing = decider(
    { items: ["a"] },
    (state) => state,
    (_, state) => {
      state.items.length = 0;
      return [];
    },
  );
  assertThrows(
    () => specificationOf(clearing).given().when("b").thenNothing(),
    SpecificationError,
    "it threw TypeError",
  );
});

Deno.test("given() fails for an evolve that returns undefined", () => {
  const forgetful = decider(0, () => undefined as unknown as number);
  assertThrows(
    () => specificationOf(forgetful).given(added("a")),
    TypeError,
    'evolve returned undefined for "Added" at version 1 of actor "actor"',
  );
});

Deno.test("when() fails for a decide that is async", () => {
  const decide = async () => await Promise.resolve([]);
  const slow = decider(0, (state) => state, decide as never);
  assertThrows(
    () => specificationOf(slow).given().when("a").thenNothing(),
    SpecificationError,
    "decide returned a promise; it must not be async",
  );
});

Deno.test("given() takes every property of an event", () => {
  const stamps = decider<string[]>([], (state, { timestamp, version, id }) => [
    ...state,
    `${timestamp} ${version} ${id}`,
  ]);
  const { given } = specificationOf(stamps);
  given(
    added("a"),
    { ...added("b"), version: 7, id: "own", timestamp: "2024-05-31T00:00:00Z" },
  ).thenState([
    "2000-01-01T00:00:00Z 1 event-1",
    "2024-05-31T00:00:00Z 7 own",
  ]);
});

Deno.test("thenState() looks into maps, sets, dates and classes", () => {
  class Tag {
    constructor(readonly name: string) {}
  }
  const make = (n: number) => ({
    map: new Map([["a", { n }]]),
    set: new Set([n]),
    date: new Date(n),
    tag: new Tag(String(n)),
  });
  const kept = decider(make(1), (state) => state);
  specificationOf(kept).given().thenState(make(1));
  const error = assertThrows(
    () => specificationOf(kept).given().thenState(make(2)),
    SpecificationError,
  );
  assertEquals(error.message.split("\n").length, 5);
  const other = { ...make(1), tag: { name: "1" } };
  assertThrows(
    () => specificationOf(kept).given().thenState(other),
    SpecificationError,
  );
});

Deno.test("when() fails for an event that evolve can't take, or that is none", () => {
  const broken = decider(0, () => {
    throw new RangeError("no such event");
  });
  assertThrows(
    () => specificationOf(broken).given().when("a").then(added("a")),
    SpecificationError,
    "it threw RangeError: no such event",
  );
  const dated = decider(0, (state) => state, () => ({
    eventType: "Added",
    data: { item: new Date() as unknown as string },
  }));
  assertThrows(
    () => specificationOf(dated).given().when("a").thenState(0),
    SpecificationError,
    "data.item must be JSON",
  );
});
