/**
 * A store that tells what it is asked.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { EventStore } from "../../../store/event_store.ts";

/** A store, and the names of the methods called since they were last looked at. */
export interface WatchedStore<E extends AnyEvent> {
  readonly store: EventStore<E>;
  /** The calls so far, which are forgotten then. */
  calls(): string[];
}

/** A store that behaves as another, and notes its calls. */
export function watch<E extends AnyEvent>(
  store: EventStore<E>,
): WatchedStore<E> {
  const names: string[] = [];
  const watched = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        names.push(String(name));
        return value.apply(target, args);
      };
    },
  });
  return { store: watched, calls: () => names.splice(0) };
}
