/**
 * Which commands an actor has executed.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";

/** Where the events of a command lie in the history of its actor, inclusive. */
export interface CommandRange {
  readonly fromVersion: number;
  readonly toVersion: number;
}

/** The last commands of an actor that stored something, up to a number. */
export class CommandLog {
  readonly #capacity: number;
  /** By command id, in the order of their first events. */
  readonly #ranges = new Map<string, CommandRange>();

  /** @param capacity The most commands it remembers; 0 or more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Where a command's events are, if it is remembered. */
  find(commandId: string): CommandRange | undefined {
    return this.#ranges.get(commandId);
  }

  /** Takes note of an event, of which it may know already. */
  note({ commandId, version }: AnyEvent): void {
    if (commandId === undefined || this.#capacity === 0) return;
    const known = this.#ranges.get(commandId);
    if (known === undefined) {
      if (this.#ranges.size === this.#capacity) {
        for (const oldest of this.#ranges.keys()) {
          this.#ranges.delete(oldest);
          break;
        }
      }
      this.#ranges.set(commandId, { fromVersion: version, toVersion: version });
    } else if (version > known.toVersion) {
      const { fromVersion } = known;
      this.#ranges.set(commandId, { fromVersion, toVersion: version });
    }
  }
}
