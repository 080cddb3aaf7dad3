/**
 * Commands over memory: this library's and Emmett's.
 *
 * @module
 */

import {
  CommandHandler,
  type Event as EmmettEvent,
  getInMemoryEventStore,
} from "@event-driven-io/emmett";
import { InMemoryEventStore } from "@flowmade-one/aether";
import { commandHandler, type Decider } from "@flowmade-one/aether/decider";
import { actorNames, type OrderPlaced, orderPlaced } from "./_events.ts";

/** How often an order was placed, and what for. */
export interface Orders {
  readonly count: number;
  readonly total: number;
}

const INITIAL: Orders = { count: 0, total: 0 };

const { data: DATA } = orderPlaced("order", 1);

/** Places orders. Its commands are empty: what they cost is not of interest. */
export const orders: Decider<Orders, undefined, OrderPlaced> = {
  initialState: INITIAL,
  decide: () => ({ eventType: "OrderPlaced", data: DATA }),
  evolve: ({ count, total }, { data }) => ({
    count: count + 1,
    total: total + data.total,
  }),
};

/** Executes one command after the other, on each actor in turn; commands/s. */
async function rate(
  execute: (actorId: string) => Promise<unknown>,
  actorCount: number,
  count: number,
): Promise<number> {
  const actors = actorNames(actorCount);
  const began = performance.now();
  for (let i = 0; i < count; i++) await execute(actors[i % actorCount]!);
  return count / (performance.now() - began) * 1000;
}

/** Executes commands with this library. */
export function executeAether(actors: number, count: number): Promise<number> {
  const store = new InMemoryEventStore<OrderPlaced>();
  const handler = commandHandler(store, orders);
  return rate(
    (actorId) => handler.execute(actorId, undefined),
    actors,
    count,
  );
}

/** Executes commands with Emmett. */
export function executeEmmett(actors: number, count: number): Promise<number> {
  const store = getInMemoryEventStore();
  const handle = CommandHandler<
    Orders,
    EmmettEvent<"OrderPlaced", typeof DATA>
  >(
    {
      initialState: () => INITIAL,
      evolve: ({ count, total }, { data }) => ({
        count: count + 1,
        total: total + data.total,
      }),
    },
  );
  const decide = () => ({ type: "OrderPlaced", data: DATA }) as const;
  return rate((actorId) => handle(store, actorId, decide), actors, count);
}
