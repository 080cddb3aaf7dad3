/**
 * Calls that append, until their outcome is known.
 *
 * @module
 */

import { type Abortable, offAbort, onAbort } from "../../../internal/aborts.ts";
import type { ResolvedAppend } from "../../append_arguments.ts";
import { outcomeUnknown } from "./_unknown_outcome.ts";
import type { Saved } from "./_save_plan.ts";
import type { AnyEvent } from "../../../event/event.ts";

/** A call that appends. */
export interface AppendCall extends ResolvedAppend {
  /** When the call came, in monotonic milliseconds. */
  readonly began: number;
  /** Header lines of the trace that it came in; empty without one. */
  readonly trace: string;
}

/** What an append did. */
export interface Appended {
  /** The events as they are stored. */
  readonly events: readonly AnyEvent[];
  /** What became of each of them. */
  readonly saved: readonly Saved[];
  /** The version of the last of them; without any, the actor's latest. */
  readonly version: number;
}

/** Where an append is on its way. */
type Stage =
  /** In the queue: nothing of it is sent, or it is certain to be not stored. */
  | "waiting"
  /** Sent on its own: the save hears the caller's signal. */
  | "alone"
  /** Sent with others, which go on when its caller gives up. */
  | "grouped"
  | "over";

/** An append that waits for its turn, and then for its outcome. */
export class PendingAppend implements Abortable {
  readonly call: AppendCall;
  stage: Stage = "waiting";
  readonly #outcome: PromiseWithResolvers<Appended> = Promise.withResolvers();

  constructor(call: AppendCall) {
    this.call = call;
    onAbort(call.signal, this);
  }

  /** What the caller gets. */
  get result(): Promise<Appended> {
    return this.#outcome.promise;
  }

  /** Ends it with a result, unless it is over. */
  resolve(appended: Appended): void {
    if (this.#end()) this.#outcome.resolve(appended);
  }

  /** Ends it with an error, unless it is over. */
  reject(error: unknown): void {
    if (this.#end()) this.#outcome.reject(error);
  }

  aborted(): void {
    const { events, signal } = this.call;
    if (this.stage === "waiting") this.reject(signal!.reason);
    if (this.stage === "grouped") {
      this.reject(outcomeUnknown(events, signal!.reason));
    }
  }

  #end(): boolean {
    if (this.stage === "over") return false;
    this.stage = "over";
    offAbort(this.call.signal, this);
    return true;
  }
}
