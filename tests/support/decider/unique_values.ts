/**
 * Unique values: a value is an actor of its own, which is reserved with what
 * needs it.
 *
 * @module
 */

import {
  type Decider,
  decideTogether,
  Rejection,
} from "../../../decider/mod.ts";
import type { Event } from "../../../event/event.ts";
import type { EventStore } from "../../../store/event_store.ts";

type Reserved = Event<"ValueReserved", { by: string }>;
type Registered = Event<"UserRegistered", { email: string }>;

const reservation: Decider<{ by?: string }, string, Reserved> = {
  initialState: {},
  decide(by, state) {
    if (state.by !== undefined) throw new Rejection("taken", "Value is taken");
    return { eventType: "ValueReserved", data: { by } };
  },
  evolve: (_, event) => ({ by: event.data.by }),
};

const user: Decider<{ email?: string }, string, Registered> = {
  initialState: {},
  decide: (email) => ({ eventType: "UserRegistered", data: { email } }),
  evolve: (_, event) => ({ email: event.data.email }),
};

/** Registers a user, unless the address is another's. */
export async function registerOnce(
  store: EventStore<Reserved | Registered>,
  userId: string,
  email: string,
): Promise<"registered" | "taken"> {
  try {
    await decideTogether(
      store,
      { user: [user, userId], email: [reservation, `email.${email}`] },
      (states) => ({
        user: user.decide(email, states.user),
        email: reservation.decide(userId, states.email),
      }),
    );
    return "registered";
  } catch (error) {
    if (error instanceof Rejection && error.code === "taken") return "taken";
    throw error;
  }
}
