import { defineModel, type Model } from "../../../model/mod.ts";

/** A model with a part of every kind. */
export const bank: Model = defineModel({
  name: "bank",
  title: "A bank",
  actors: {
    account: {
      title: "Account",
      commands: {
        Open: { by: ["Customer"], emits: ["Opened"] },
        Deposit: { by: ["Customer"], emits: ["Deposited"] },
        Freeze: { emits: ["Frozen"] },
      },
      events: {
        Opened: { data: { owner: "who owns the account" } },
        Deposited: { data: "the amount in cents" },
        Frozen: {},
      },
      invariants: ["The balance is never negative"],
    },
    review: {
      commands: { Begin: { emits: ["ReviewBegun"] } },
      events: { ReviewBegun: {} },
    },
  },
  policies: {
    "review large deposits": { on: ["Deposited"], issues: ["review.Begin"] },
  },
  readModels: {
    balances: { from: ["Opened", "Deposited"], for: ["Customer"] },
  },
  externalSystems: {
    "fraud office": { on: ["ReviewBegun"], issues: ["account.Freeze"] },
  },
  hotspots: [
    { note: "Who unfreezes an account?", about: ["Frozen", "account.Freeze"] },
  ],
});
