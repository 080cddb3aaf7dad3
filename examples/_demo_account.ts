/**
 * The accounts of the demo.
 *
 * @module
 */

import type { Event, EventStore } from "@flowmade-one/aether";
import {
  type ActorDefinition,
  eventSourced,
} from "@flowmade-one/aether/cluster";
import { type Decider, Rejection } from "@flowmade-one/aether/decider";

/** Everything that can happen to an account. */
export type AccountEvent =
  | Event<"Deposited", { amount: number }>
  | Event<"Withdrawn", { amount: number }>;

/** Everything that can be asked of one. */
export type AccountCommand = {
  readonly type: "Deposit" | "Withdraw";
  readonly amount: number;
};

/** What a command is answered with. */
export interface Balance {
  readonly balance: number;
  readonly duplicate: boolean;
}

const account: Decider<number, AccountCommand, AccountEvent> = {
  initialState: 0,
  decide({ type, amount }, balance) {
    if (type === "Deposit") return { eventType: "Deposited", data: { amount } };
    if (amount > balance) {
      throw new Rejection("too-little", "The balance is too low");
    }
    return { eventType: "Withdrawn", data: { amount } };
  },
  evolve: (balance, event) => balance + amountOf(event),
};

/** By how much an event changes the balance. */
export function amountOf({ eventType, data }: AccountEvent): number {
  return eventType === "Deposited" ? data.amount : -data.amount;
}

/** The accounts of a store, as nodes host them and clients ask for them. */
export function accountsIn(
  store: EventStore<AccountEvent>,
): ActorDefinition<AccountCommand, Balance> {
  return eventSourced(store, account, {
    reply: ({ state, duplicate }) => ({ balance: state, duplicate }),
  });
}
