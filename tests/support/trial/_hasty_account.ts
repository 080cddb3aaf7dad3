import type { Decided, Decider } from "../../../decider/mod.ts";
import { Rejection } from "../../../decider/mod.ts";
import type { Event } from "../../../event/event.ts";
import type { TrialCommand } from "./_trial_protocol.ts";

export type TrialEvent =
  | Event<"Withdrawn", { amount: number; note: number }>
  | Event<"FeeCharged", { amount: number; note: number }>;

/** What an account begins with. */
export const OPENING_BALANCE = 1_000_000;

/**
 * An account whose decisions are never the same twice: what is answered is the
 * stored decision only if it was read from there.
 */
export const hasty: Decider<number, TrialCommand, TrialEvent> = {
  initialState: OPENING_BALANCE,
  decide({ amount, fee }, balance): Decided<TrialEvent> {
    if (amount + fee > balance) throw new Rejection("too-little", "Too little");
    const note = Math.random();
    const withdrawn = {
      eventType: "Withdrawn",
      data: { amount, note },
    } as const;
    if (fee === 0) return withdrawn;
    return [
      withdrawn,
      { eventType: "FeeCharged", data: { amount: fee, note } },
    ];
  },
  evolve: (balance, event) => balance - event.data.amount,
};
