/**
 * A call that saves one event, until its outcome is known.
 *
 * @module
 */

import { errorOfSave } from "../stream/request_errors.ts";
import type { SingleSave } from "./event_writer.ts";
import type { Monitor } from "../../instrumentation.ts";
import type { Draft } from "./_publisher.ts";
import type { Saved } from "./_save_plan.ts";
import type { SaveResult } from "../../event_store.ts";
import type { TraceContext } from "../../../internal/telemetry/types.ts";

/** What a {@linkcode PendingSave} is made of. */
export interface PendingSaveParts
  extends Pick<SingleSave, "draft" | "expectedVersion" | "signal" | "began"> {
  readonly monitor: Monitor;
  readonly trace: TraceContext | undefined;
  /** Hears that the call has ended, however it did. */
  readonly ended: () => void;
}

/**
 * The call. It holds what is needed of its event and not the event itself, so
 * that the caller's object is free as soon as it has been read.
 */
export class PendingSave implements SingleSave {
  readonly draft: Draft;
  readonly expectedVersion: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly began: number;
  readonly #monitor: Monitor;
  readonly #trace: TraceContext | undefined;
  readonly #ended: () => void;
  readonly #outcome: PromiseWithResolvers<SaveResult> = Promise.withResolvers();

  constructor(parts: PendingSaveParts) {
    this.draft = parts.draft;
    this.expectedVersion = parts.expectedVersion;
    this.signal = parts.signal;
    this.began = parts.began;
    this.#monitor = parts.monitor;
    this.#trace = parts.trace;
    this.#ended = parts.ended;
  }

  /** What the caller gets. */
  get result(): Promise<SaveResult> {
    return this.#outcome.promise;
  }

  saved(saved: Saved): void {
    const { draft, began } = this;
    const trace = this.#trace;
    this.#monitor.saved("save event", began, [draft], [saved], trace);
    this.#ended();
    const { version } = draft;
    const { sequence, fresh } = saved;
    this.#outcome.resolve({ version, sequence, duplicate: !fresh });
  }

  failed(error: unknown): void {
    this.#monitor.saveFailed("save event", this.began, error);
    this.#ended();
    this.#outcome.reject(errorOfSave("save event", error, this.signal));
  }
}
