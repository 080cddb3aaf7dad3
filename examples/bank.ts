/**
 * A bank: accounts with deposits, withdrawals and transfers.
 *
 *     deno task bank          # in memory
 *     deno task bank --nats   # on JetStream
 *
 * Transfers race each other, each command is sent twice, as by a caller that
 * got no answer, and not a cent is lost. With `--nats` it runs on the server
 * that `NATS_URL` names, else on one that is started for it.
 *
 * @module
 */

import {
  type Event,
  type EventStore,
  InMemoryEventStore,
  JetStreamEventStore,
} from "@flowmade-one/aether";
import {
  commandHandler,
  type Decided,
  type Decider,
  decideTogether,
  Rejection,
} from "@flowmade-one/aether/decider";
import { connectToNats } from "./_nats.ts";

/** Everything that can happen to an account. Amounts are in cents. */
export type AccountEvent =
  | Event<"AccountOpened", { owner: string }>
  | Event<"Deposited", { amount: number }>
  | Event<"Withdrawn", { amount: number }>
  | Event<"AccountClosed", Record<string, never>>;

/** Everything that can be asked of one. */
export type AccountCommand =
  | { readonly type: "open"; readonly owner: string }
  | { readonly type: "deposit"; readonly amount: number }
  | { readonly type: "withdraw"; readonly amount: number }
  | { readonly type: "close" };

/** What is known of one. */
export interface Account {
  readonly status: "none" | "open" | "closed";
  readonly balance: number;
}

/** An account that never falls below 0, and is closed only when empty. */
export const account: Decider<Account, AccountCommand, AccountEvent> = {
  initialState: { status: "none", balance: 0 },

  decide(command, { status, balance }): Decided<AccountEvent> {
    if (command.type === "open") {
      if (status !== "none") {
        throw new Rejection("exists", "The account exists already");
      }
      return { eventType: "AccountOpened", data: { owner: command.owner } };
    }
    if (status !== "open") {
      throw new Rejection("not-open", "The account is not open", { status });
    }
    switch (command.type) {
      case "deposit":
        return { eventType: "Deposited", data: { amount: command.amount } };
      case "withdraw":
        if (command.amount > balance) {
          throw new Rejection("too-little", "The balance is too low", {
            balance,
          });
        }
        return { eventType: "Withdrawn", data: { amount: command.amount } };
      case "close":
        if (balance > 0) {
          throw new Rejection("not-empty", "The account is not empty", {
            balance,
          });
        }
        return { eventType: "AccountClosed", data: {} };
    }
  },

  evolve(state, event) {
    switch (event.eventType) {
      case "AccountOpened":
        return { ...state, status: "open" };
      case "Deposited":
        return { ...state, balance: state.balance + event.data.amount };
      case "Withdrawn":
        return { ...state, balance: state.balance - event.data.amount };
      case "AccountClosed":
        return { ...state, status: "closed" };
      default:
        return state;
    }
  },
};

/** Moves money from one account to another, in one step. */
export async function transfer(
  store: EventStore<AccountEvent>,
  { from, to, amount, commandId }: {
    readonly from: string;
    readonly to: string;
    readonly amount: number;
    readonly commandId: string;
  },
): Promise<{ readonly from: Account; readonly to: Account }> {
  const { parts } = await decideTogether(
    store,
    { from: [account, from], to: [account, to] },
    (states) => ({
      from: account.decide({ type: "withdraw", amount }, states.from),
      to: account.decide({ type: "deposit", amount }, states.to),
    }),
    { commandId, retries: 100 },
  );
  return { from: parts.from.state, to: parts.to.state };
}

/** Opens an account for each owner, with 100.00 in it. */
async function openAccounts(
  store: EventStore<AccountEvent>,
  owners: readonly string[],
): Promise<void> {
  const accounts = commandHandler(store, account);
  for (const owner of owners) {
    const actorId = `account-${owner}`;
    await accounts.execute(actorId, { type: "open", owner });
    await accounts.execute(actorId, { type: "deposit", amount: 100_00 });
  }
}

async function main(): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const store: EventStore<AccountEvent> = Deno.args.includes("--nats")
    ? resources.use(
      await JetStreamEventStore.open<AccountEvent>(
        await connectToNats(resources),
        { namespace: "bank-example" },
      ),
    )
    : resources.use(new InMemoryEventStore<AccountEvent>());

  // Names of this run's own: a server remembers those of the last one.
  const run = crypto.randomUUID().slice(0, 8);
  const owners = ["Jane", "John", "Mary"].map((name) => `${name}-${run}`);
  const actorIds = owners.map((owner) => `account-${owner}`);
  await openAccounts(store, owners);

  // Each sends 0.10 ten times to its neighbour, each command twice.
  await Promise.all(
    actorIds.flatMap((from, i) =>
      Array.from({ length: 10 }, async (_, n) => {
        const to = actorIds[(i + 1) % actorIds.length]!;
        const order = { from, to, amount: 10, commandId: `${from}-${n}` };
        await Promise.all([transfer(store, order), transfer(store, order)]);
      })
    ),
  );

  const accounts = commandHandler(store, account);
  try {
    await accounts.execute(actorIds[0]!, { type: "close" });
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    console.log(`Rejected: ${error.message} (${error.code})`);
  }
  let sum = 0;
  let events = 0;
  for (const actorId of actorIds) {
    const { state, version } = await accounts.load(actorId);
    sum += state.balance;
    events += version;
  }
  console.log(`${events} events, ${(sum / 100).toFixed(2)} in all accounts`);
}

if (import.meta.main) await main();
