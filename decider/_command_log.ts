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

/** A command as JSON. */
export type LoggedCommand = readonly [
  commandId: string,
  fromVersion: number,
  toVersion: number,
];

/** The last commands of an actor that stored something, up to a number. */
export class CommandLog {
  readonly #capacity: number;
  /** By command id, in the order of their first events. */
  readonly #ranges = new Map<string, CommandRange>();

  /**
   * @param capacity The most commands it remembers; 0 or more.
   * @param commands Those it knows, of which it takes the last.
   */
  constructor(capacity: number, commands: readonly LoggedCommand[] = []) {
    this.#capacity = capacity;
    for (const [commandId, fromVersion, toVersion] of commands) {
      this.#add(commandId, { fromVersion, toVersion });
    }
  }

  /** Where a command's events are, if it is remembered. */
  find(commandId: string): CommandRange | undefined {
    return this.#ranges.get(commandId);
  }

  /** Takes note of an event, of which it may know already. */
  note({ commandId, version }: AnyEvent): void {
    if (commandId === undefined) return;
    const known = this.#ranges.get(commandId);
    if (known === undefined) {
      this.#add(commandId, { fromVersion: version, toVersion: version });
    } else if (version > known.toVersion) {
      const { fromVersion } = known;
      this.#ranges.set(commandId, { fromVersion, toVersion: version });
    }
  }

  /** All it remembers, the oldest first. */
  entries(): LoggedCommand[] {
    return Array.from(
      this.#ranges,
      ([id, { fromVersion, toVersion }]) => [id, fromVersion, toVersion],
    );
  }

  #add(commandId: string, range: CommandRange): void {
    if (this.#capacity === 0) return;
    if (this.#ranges.size === this.#capacity) {
      for (const oldest of this.#ranges.keys()) {
        this.#ranges.delete(oldest);
        break;
      }
    }
    this.#ranges.set(commandId, range);
  }
}
