/**
 * The actors of the fault suite of requests: they store each command.
 *
 * @module
 */

import { type ActorDefinition, eventSourced } from "../../../cluster/mod.ts";
import type { Decider } from "../../../decider/mod.ts";
import type { Event, EventStore } from "../../../mod.ts";

/** A command, known by its id. */
export interface Command {
  readonly id: string;
}

export type Done = Event<"Done", { id: string }>;

const worker: Decider<number, Command, Done> = {
  initialState: 0,
  decide: ({ id }) => ({ eventType: "Done", data: { id } }),
  evolve: (count) => count + 1,
};

/**
 * The actors of a store.
 *
 * @param begins Called when a handler begins with a command.
 */
export function actorsIn(
  store: EventStore<Done>,
  begins: (id: string) => void = () => {},
): ActorDefinition<Command, { version: number }> {
  const definition = eventSourced(store, worker);
  return {
    ...definition,
    open() {
      const hosted = definition.open();
      return {
        get active() {
          return hosted.active;
        },
        released: (shard) => hosted.released(shard),
        close: () => hosted.close(),
        handler: (context, command) => {
          begins(command.id);
          return hosted.handler(context, command);
        },
      };
    },
  };
}
