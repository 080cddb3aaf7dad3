/**
 * What the tests of command handlers run on.
 *
 * @module
 */

import type { EventStore } from "../../../store/event_store.ts";
import type { AccountEvent } from "./accounts.ts";

/** One test's stores, onto the same data. Disposing closes them. */
export interface DeciderFixture extends AsyncDisposable {
  readonly store: EventStore<AccountEvent>;
  /** Another instance, or the same where there is only one. */
  readonly other: EventStore<AccountEvent>;
}

/** Registers a test of a handler, on stores of its own. */
export type TestHandler = (
  title: string,
  body: (fixture: DeciderFixture) => Promise<void>,
) => void;
