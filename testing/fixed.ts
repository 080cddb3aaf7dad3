/**
 * Times and ids that are the same in every run.
 *
 * @module
 */

/** A clock that stands still, for the option `now`. */
export interface FixedClock {
  /** Its time: a Date of its own each time. */
  (): Date;
  /** Moves it forward by so many milliseconds, or back. */
  advance(ms: number): void;
}

/**
 * A clock that stands still until it is moved, for the option `now` of
 * createEvent, stores and command handlers.
 *
 * @example
 * ```ts
 * import { InMemoryEventStore } from "@flowmade-one/aether";
 * import { fixedClock, fixedIds } from "@flowmade-one/aether/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const now = fixedClock("2024-05-31T09:30:00Z");
 * await using store = new InMemoryEventStore({ now, newId: fixedIds() });
 * await store.append("order-1", [{ eventType: "OrderPlaced", data: {} }]);
 * now.advance(1_500);
 * await store.append("order-1", [{ eventType: "OrderShipped", data: {} }]);
 *
 * const events = await store.getEvents("order-1");
 * assertEquals(events.map(({ id, timestamp }) => [id, timestamp]), [
 *   ["id-1", "2024-05-31T09:30:00.000Z"],
 *   ["id-2", "2024-05-31T09:30:01.500Z"],
 * ]);
 * ```
 *
 * @param time Where it stands.
 * @throws {RangeError} If it is no time.
 */
export function fixedClock(
  time: string | Date = "2000-01-01T00:00:00Z",
): FixedClock {
  let ms = new Date(time).getTime();
  if (Number.isNaN(ms)) {
    throw new RangeError(`Cannot fix clock: ${String(time)} is no time`);
  }
  const clock = () => new Date(ms);
  return Object.assign(clock, {
    advance(by: number) {
      ms += by;
    },
  });
}

/**
 * Ids that are counted, for the option `newId` of createEvent, stores and
 * command handlers: `id-1`, `id-2` and so on.
 *
 * @param prefix What they begin with, in the place of `id`.
 */
export function fixedIds(prefix = "id"): () => string {
  let count = 0;
  return () => `${prefix}-${++count}`;
}
