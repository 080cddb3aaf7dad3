import {
  type Context,
  type Ended,
  judgeError,
  mayLag,
  type Op,
  raiseFloor,
} from "./_context.ts";
import type {
  CaughtUp,
  Completed,
  Delivered,
  HistoryRecord,
  SubscribeCall,
} from "./records.ts";

/** Where one subscription is. */
interface Following {
  readonly op: Op<SubscribeCall>;
  /** The next row to come, undefined until it is known. */
  row: number | undefined;
  /** The last sequence delivered. */
  last: number;
  readonly matches: (row: number) => boolean;
}

/** Checks that each subscription delivered what it was to, in order, once. */
export class SubscriptionChecks {
  readonly #context: Context;
  readonly #deliveriesCount: boolean;
  readonly #following = new Map<string, Following>();

  constructor(context: Context, deliveriesCount: boolean) {
    this.#context = context;
    this.#deliveriesCount = deliveriesCount;
  }

  /** A subscription begins. */
  begin(op: Op<SubscribeCall>): void {
    const { after } = op.call;
    const start = after === "end" ? undefined : after;
    this.#following.set(op.invoked.op, {
      op,
      row: start === undefined
        ? undefined
        : this.#context.state.rowAfter(start),
      last: start ?? 0,
      matches: this.#matcher(op.call),
    });
  }

  /** It delivered events. */
  deliver(record: Delivered): void {
    const following = this.#following.get(record.op);
    if (following === undefined) return;
    const { state, violations, slack } = this.#context;
    const { op, matches } = following;
    const wrong = (
      kind: "repeated" | "unstored" | "misdelivered" | "early",
      message: string,
    ) => violations.add(kind, message, op.invoked, record);
    for (const [sequence, print] of record.items) {
      if (sequence <= following.last) {
        wrong("repeated", `${sequence} after ${following.last}`);
        continue;
      }
      following.last = sequence;
      following.row ??= state.rowAfter(sequence - 1);
      this.#pass(following, sequence - 1, record);
      const row = following.row;
      if (state.sequences[row] !== sequence) {
        wrong("unstored", `nothing is stored at ${sequence}`);
        continue;
      }
      following.row = row + 1;
      if (state.prints[row] !== print) {
        wrong("misdelivered", `another event is stored at ${sequence}`);
      } else if (!matches(row)) {
        wrong("misdelivered", `the filter leaves out ${sequence}`);
      }
      if (state.begun[row]! > record.at + slack) {
        wrong("early", `nobody had saved what is at ${sequence}`);
      }
      if (!this.#deliveriesCount) continue;
      const actor = state.actors[state.actorOf[row]!]!;
      raiseFloor(this.#context, op.invoked.store, actor, state.places[row]!);
    }
  }

  /** It says that it has reached the end as of its start. */
  catchUp(record: CaughtUp): void {
    const following = this.#following.get(record.op);
    if (following === undefined) return;
    const { op } = following;
    if (following.row === undefined) {
      following.row = this.#context.state.rowAfter(record.position);
      following.last = record.position;
    }
    this.#judgePosition(op, record.position, record);
  }

  /** It was closed, or failed. */
  end(op: Ended<SubscribeCall>): void {
    const { invoked, completed, call } = op;
    const following = this.#following.get(invoked.op)!;
    this.#following.delete(invoked.op);
    const { outcome } = completed;
    if (outcome.is === "error") return judgeError(this.#context, outcome, op);
    if (outcome.is !== "closed") return;
    following.row ??= this.#context.state.rowAfter(outcome.position);
    this.#pass(following, outcome.position, completed);
    if (call.live) return;
    const { position } = outcome;
    this.#judgePosition(following.op, position, completed);
    const { state, violations } = this.#context;
    const next = state.rowAfter(position);
    if (next > 0 && next < state.size && state.splits(next - 1, next)) {
      const message = `it ended within a batch, at ${position}`;
      violations.add("half-batch", message, invoked, completed);
    }
  }

  /** What it has passed must have all that was acknowledged before it began. */
  #judgePosition(
    { invoked }: Op<SubscribeCall>,
    position: number,
    record: CaughtUp | Completed,
  ): void {
    const { state, violations, slack } = this.#context;
    const least = state.rowAckedBefore(invoked.at - slack);
    if (least < 0 || position >= state.sequences[least]!) return;
    if (mayLag(this.#context, invoked.at, record.at)) return;
    const message = `it was caught up at ${position}, but ${
      state.sequences[least]
    } had been acknowledged`;
    violations.add("stale", message, invoked, record);
  }

  /** Goes on behind a sequence; what matches until there was left out. */
  #pass(following: Following, sequence: number, record: HistoryRecord): void {
    const { state, violations } = this.#context;
    let row = following.row!;
    for (; row < state.size && state.sequences[row]! <= sequence; row++) {
      if (!following.matches(row)) continue;
      const message = `${state.sequences[row]} (id ${state.ids[row]})`;
      violations.add("skipped", message, following.op.invoked, record);
    }
    following.row = row;
  }

  #matcher({ actors = ">", types }: SubscribeCall): (row: number) => boolean {
    const { state } = this.#context;
    const pattern = actors.split(".");
    const known: boolean[] = [];
    return (row) => {
      const actor = state.actorOf[row]!;
      known[actor] ??= matchesPattern(state.actors[actor]!, pattern);
      return known[actor] && (types?.includes(state.types[row]!) ?? true);
    };
  }
}

/** Whether an actor id matches a pattern, as NATS has it. */
function matchesPattern(actor: string, pattern: readonly string[]): boolean {
  const tokens = actor.split(".");
  for (const [i, wanted] of pattern.entries()) {
    if (wanted === ">") return tokens.length > i;
    if (i >= tokens.length) return false;
    if (wanted !== "*" && wanted !== tokens[i]) return false;
  }
  return tokens.length === pattern.length;
}
