/**
 * What callers and nodes have written down, and what is wrong with it.
 *
 * @module
 */

/** An event as it is stored at the end. */
export interface StoredCommand {
  /** The command that it came of. */
  readonly id: string;
  readonly actorId: string;
  readonly shard: number;
  readonly sequence: number;
}

/** What a caller knows of a command. */
interface Sent {
  readonly caller: string;
  readonly n: number;
  outcome: "waiting" | "acked" | "no" | "unknown";
}

/** An event that a node has handled. */
interface Seen {
  readonly epoch: number;
  readonly sequence: number;
}

/** The id of a caller's `n`-th command. */
export function commandOf(caller: string, n: number): string {
  return `${caller}#${n}`;
}

/** All that was written down; the processes' lines come in one after the other. */
export class RequestHistory {
  readonly #sent = new Map<string, Sent>();
  readonly #begun = new Set<string>();
  /** By shard. */
  readonly #seen = new Map<number, Seen[]>();
  /** By caller, how many of its commands were answered. */
  readonly #acked = new Map<string, number>();
  /** What commands failed with. */
  readonly failures: string[] = [];
  /** How often a node has lost its window. */
  lapses = 0;
  /** The longest that an acknowledged command took, in milliseconds. */
  longest = 0;

  /** How many commands were acknowledged. */
  get acked(): number {
    return [...this.#acked.values()].reduce((sum, count) => sum + count, 0);
  }

  /** How many of a caller's commands were acknowledged. */
  ackedOf(caller: string): number {
    return this.#acked.get(caller) ?? 0;
  }

  /**
   * Takes a line:
   *
   * - `sent CALLER N`, `acked CALLER N MILLISECONDS` and
   *   `failed CALLER N BEGUN NAME`, of callers
   * - `began ID` of handlers, `saw SHARD EPOCH SEQUENCE` of works by shard
   * - `lapsed` of a node that was held up
   */
  hear(word: string, values: readonly string[]): void {
    const [first = "", second = "", third = "", fourth = ""] = values;
    switch (word) {
      case "sent":
        this.#sent.set(commandOf(first, Number(second)), {
          caller: first,
          n: Number(second),
          outcome: "waiting",
        });
        break;
      case "acked":
        this.#sent.get(commandOf(first, Number(second)))!.outcome = "acked";
        this.#acked.set(first, this.ackedOf(first) + 1);
        this.longest = Math.max(this.longest, Number(third));
        break;
      case "failed":
        this.#sent.get(commandOf(first, Number(second)))!.outcome =
          third === "no" ? "no" : "unknown";
        this.failures.push(`${fourth}, begun ${third}`);
        break;
      case "lapsed":
        this.lapses++;
        break;
      case "began":
        this.#begun.add(first);
        break;
      case "saw": {
        const seen = { epoch: Number(second), sequence: Number(third) };
        const all = this.#seen.get(Number(first)) ?? [];
        this.#seen.set(Number(first), [...all, seen]);
      }
    }
  }

  /** Whether every event that is stored was handled by now. */
  hasSeen(stored: readonly StoredCommand[]): boolean {
    return this.#unseen(stored).length === 0;
  }

  /** Everything that is wrong, compared with what is stored in stream order. */
  check(stored: readonly StoredCommand[]): string[] {
    return [
      ...this.#checkStored(stored),
      ...this.#checkOrder(stored),
      ...this.#checkBegun(),
      ...this.#unseen(stored).map(({ id }) => `${id} was never handled`),
      ...this.#checkWork(stored),
    ];
  }

  *#checkStored(stored: readonly StoredCommand[]): Iterable<string> {
    const times = new Map<string, number>();
    for (const { id } of stored) times.set(id, (times.get(id) ?? 0) + 1);
    for (const [id, count] of times) {
      if (count > 1) yield `${id} was applied ${count} times`;
      const sent = this.#sent.get(id);
      if (sent === undefined) yield `${id} was never sent`;
      if (sent?.outcome === "no") yield `${id} was applied, yet not begun`;
    }
    for (const [id, { outcome }] of this.#sent) {
      if (outcome === "acked" && !times.has(id)) yield `${id} is lost`;
    }
  }

  /** Commands of one caller to one actor that were awaited, in their order. */
  *#checkOrder(stored: readonly StoredCommand[]): Iterable<string> {
    const last = new Map<string, number>();
    for (const { id, actorId } of stored) {
      const sent = this.#sent.get(id);
      if (sent?.outcome !== "acked") continue;
      const key = `${sent.caller} ${actorId}`;
      const before = last.get(key) ?? 0;
      if (sent.n < before) yield `${id} was applied behind #${before}`;
      last.set(key, sent.n);
    }
  }

  *#checkBegun(): Iterable<string> {
    for (const [id, { outcome }] of this.#sent) {
      if (outcome !== "no" || !this.#begun.has(id)) continue;
      yield `${id} has begun, and its caller was told that it has not`;
    }
  }

  #unseen(stored: readonly StoredCommand[]): StoredCommand[] {
    const seen = new Set(
      [...this.#seen.values()].flat().map(({ sequence }) => sequence),
    );
    return stored.filter(({ sequence }) => !seen.has(sequence));
  }

  /**
   * Each owner goes on where the ones before have been, or earlier, and leaves
   * none out. One that has lost its window for a while may go back as well.
   */
  *#checkWork(stored: readonly StoredCommand[]): Iterable<string> {
    for (const [shard, seen] of this.#seen) {
      const sequences = stored.filter((each) => each.shard === shard)
        .map(({ sequence }) => sequence);
      let next = 0;
      let before: { epoch: number; place: number } | undefined;
      // Those of one epoch stay in the order in which they were handled.
      for (const each of seen.toSorted((a, b) => a.epoch - b.epoch)) {
        const { epoch, sequence } = each;
        const what = `event ${sequence} of shard ${shard} at epoch ${epoch}`;
        const place = sequences.indexOf(sequence);
        if (place < 0) yield `${what} is not of that shard`;
        const isSame = before?.epoch === epoch;
        const most = isSame ? before!.place + 1 : next;
        if (place > most) yield `${what} was handled before others`;
        if (isSame && place < most && this.lapses === 0) {
          yield `${what} was handled behind ${sequences[before!.place]}`;
        }
        before = { epoch, place };
        next = Math.max(next, place + 1);
      }
    }
  }
}
