/**
 * Appends to one actor that wait for their turn, to be stored together.
 *
 * @module
 */

import { maxBatchEvents } from "../../save_arguments.ts";
import type { PendingAppend } from "./_pending_append.ts";
import type { Draft } from "./_entry.ts";
import type { AnyEvent } from "../../../event/event.ts";

/** Bytes of payload in a group at most, unless its first append has more. */
const MAX_GROUP_BYTES = 4 * 1024 * 1024;

/** An append, and its events at the versions that they are sent with. */
export interface GroupMember {
  readonly pending: PendingAppend;
  readonly events: readonly AnyEvent[];
  readonly drafts: readonly Draft[];
}

/** Gives the events of an append their versions, from one on (exclusive). */
export type Numbering = (
  pending: PendingAppend,
  above: number,
) => GroupMember;

/** Appends to one actor, in the order of their calls. */
export class AppendQueue {
  readonly actorId: string;
  readonly #waiting: PendingAppend[] = [];

  constructor(actorId: string) {
    this.actorId = actorId;
  }

  /** How many wait, with those whose callers have given up. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Takes an append in, behind the others. */
  add(pending: PendingAppend): void {
    this.#waiting.push(pending);
  }

  /** Takes appends back that are to be sent again, before the others. */
  putBack(group: readonly GroupMember[]): void {
    const again = group.map(({ pending }) => pending)
      .filter(({ stage }) => stage !== "over");
    for (const pending of again) pending.stage = "waiting";
    this.#waiting.unshift(...again);
  }

  /** Ends all that wait with an error. */
  failAll(error: unknown): void {
    for (const pending of this.#waiting.splice(0)) pending.reject(error);
  }

  /** Ends those that came before a time with an error of their own. */
  failOlder(than: number, error: () => Error): void {
    for (const pending of this.#waiting) {
      if (pending.call.began <= than) pending.reject(error());
    }
  }

  /**
   * Takes the appends that are stored together next: as many as fit in one
   * batch, of which no two have an id in common.
   *
   * @param above The version that they follow.
   */
  next(above: number, number: Numbering): GroupMember[] {
    const group: GroupMember[] = [];
    const ids = new Set<string>();
    let [version, bytes] = [above, 0];
    while (this.#waiting.length > 0) {
      const pending = this.#waiting[0]!;
      const { stage, call: { events } } = pending;
      const isOver = stage === "over";
      const fits = version - above + events.length <= maxBatchEvents &&
        !events.some(({ id }) => ids.has(id));
      if (!isOver && !fits) break;
      const member = isOver ? undefined : tryNumber(pending, version, number);
      if (member !== undefined) {
        for (const { payload } of member.drafts) bytes += payload.length;
        if (group.length > 0 && bytes > MAX_GROUP_BYTES) break;
        group.push(member);
        version += events.length;
        for (const { id } of events) ids.add(id);
      }
      this.#waiting.shift();
    }
    const stage = group.length === 1 ? "alone" : "grouped";
    for (const { pending } of group) pending.stage = stage;
    return group;
  }
}

/** Undefined if it can't be sent, which the caller is told. */
function tryNumber(
  pending: PendingAppend,
  above: number,
  number: Numbering,
): GroupMember | undefined {
  try {
    return number(pending, above);
  } catch (error) {
    pending.reject(error);
    return undefined;
  }
}
