/**
 * Accounts, as the tests of deciders have them.
 *
 * @module
 */

import type { Decided, Decider } from "../../../decider/decider.ts";
import { Rejection } from "../../../decider/errors.ts";
import type { Event } from "../../../event/event.ts";

export type AccountEvent =
  | Event<"Deposited", { amount: number }>
  | Event<"Withdrawn", { amount: number }>
  | Event<"FeeCharged", { amount: number }>;

export type AccountCommand =
  | { type: "deposit"; amount: number }
  /** With a fee, it stores two events. */
  | { type: "withdraw"; amount: number; fee?: number };

export interface Account {
  readonly balance: number;
}

/** Never goes below 0. Amounts of 0 are nothing. */
export const account: Decider<Account, AccountCommand, AccountEvent> = {
  initialState: { balance: 0 },
  decide(command, { balance }): Decided<AccountEvent> {
    const { type, amount } = command;
    if (amount === 0) return [];
    if (type === "deposit") {
      return { eventType: "Deposited", data: { amount } };
    }
    const { fee = 0 } = command;
    if (amount + fee > balance) {
      throw new Rejection("too-little", "Balance is too low", { balance });
    }
    const withdrawn = { eventType: "Withdrawn", data: { amount } } as const;
    if (fee === 0) return withdrawn;
    return [withdrawn, { eventType: "FeeCharged", data: { amount: fee } }];
  },
  evolve({ balance }, { eventType, data }) {
    switch (eventType) {
      case "Deposited":
        return { balance: balance + data.amount };
      case "Withdrawn":
      case "FeeCharged":
        return { balance: balance - data.amount };
    }
  },
};

/** A command that puts so much into an account. */
export function deposit(amount: number): AccountCommand {
  return { type: "deposit", amount };
}

/** A command that takes so much out of an account. */
export function withdraw(amount: number, fee?: number): AccountCommand {
  return fee === undefined
    ? { type: "withdraw", amount }
    : { type: "withdraw", amount, fee };
}
