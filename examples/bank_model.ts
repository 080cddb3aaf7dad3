/**
 * The model of the bank: what can be asked of it, and what can happen.
 *
 *     deno run examples/bank_model.ts
 *
 * prints it as a Mermaid diagram.
 *
 * @module
 */

import { defineModel, type Model, toMermaid } from "@flowmade-one/aether/model";

/** The bank in EventStorming's words; its tests hold the code against it. */
export const bankModel: Model = defineModel({
  name: "bank",
  title: "A bank",
  actors: {
    account: {
      title: "Account",
      commands: {
        open: { by: ["Customer"], emits: ["AccountOpened"] },
        deposit: { by: ["Customer"], emits: ["Deposited"] },
        withdraw: { by: ["Customer"], emits: ["Withdrawn"] },
        close: { by: ["Customer"], emits: ["AccountClosed"] },
      },
      events: {
        AccountOpened: { data: { owner: "who owns the account" } },
        Deposited: { data: { amount: "in cents" } },
        Withdrawn: { data: { amount: "in cents" } },
        AccountClosed: {},
      },
      invariants: [
        "The balance is never below 0",
        "Only an empty account is closed",
      ],
    },
  },
  hotspots: [
    {
      note: "A transfer is a withdrawal and a deposit, saved together",
      about: ["account.withdraw", "account.deposit"],
    },
  ],
});

if (import.meta.main) console.log(toMermaid(bankModel));
