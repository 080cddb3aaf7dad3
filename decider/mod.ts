/**
 * Deciding: what happens when an actor is given a command. A decider is three
 * pure parts; a command handler runs it over any event store.
 *
 * @example Execute commands
 * ```ts
 * import { type Event, InMemoryEventStore } from "@flowmade-one/aether";
 * import {
 *   commandHandler,
 *   type Decided,
 *   type Decider,
 *   Rejection,
 * } from "@flowmade-one/aether/decider";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * type AccountEvent =
 *   | Event<"Deposited", { amount: number }>
 *   | Event<"Withdrawn", { amount: number }>;
 *
 * interface Command {
 *   type: "deposit" | "withdraw";
 *   amount: number;
 * }
 *
 * const account: Decider<{ balance: number }, Command, AccountEvent> = {
 *   initialState: { balance: 0 },
 *   decide({ type, amount }, { balance }): Decided<AccountEvent> {
 *     if (type === "deposit") {
 *       return { eventType: "Deposited", data: { amount } };
 *     }
 *     if (amount > balance) throw new Rejection("too-little", "Too little");
 *     return { eventType: "Withdrawn", data: { amount } };
 *   },
 *   evolve(state, { eventType, data }) {
 *     switch (eventType) {
 *       case "Deposited":
 *         return { balance: state.balance + data.amount };
 *       case "Withdrawn":
 *         return { balance: state.balance - data.amount };
 *       default:
 *         return state;
 *     }
 *   },
 * };
 *
 * await using store = new InMemoryEventStore<AccountEvent>();
 * const accounts = commandHandler(store, account);
 * const deposit = { type: "deposit", amount: 100 } as const;
 * await accounts.execute("account-1", deposit, { commandId: "command-1" });
 * await accounts.execute("account-1", deposit, { commandId: "command-1" });
 *
 * const withdraw = { type: "withdraw", amount: 101 } as const;
 * await assertRejects(() => accounts.execute("account-1", withdraw), Rejection);
 * assertEquals(await accounts.load("account-1"), {
 *   state: { balance: 100 },
 *   version: 1,
 * });
 * ```
 *
 * @module
 */

export { commandHandler } from "./handler.ts";
export type {
  CommandHandler,
  CommandHandlerOptions,
  Executed,
  ExecuteOptions,
  Loaded,
  LoadOptions,
  SnapshotOptions,
} from "./command_handler.ts";
export { decideTogether } from "./decide_together.ts";
export type {
  AnyDecider,
  DecidedPart,
  DecidedTogether,
  DecideTogetherOptions,
  DecisionParts,
  EventOf,
  PartDecisions,
  PartsOver,
  PartStates,
  StateOf,
} from "./decide_together.ts";
export type { Decided, Decider } from "./decider.ts";
export { Rejection, TooManyConflictsError } from "./errors.ts";
