/**
 * The subscriptions of one bus, from the first to the last event they get.
 *
 * @module
 */

import type { Reason } from "../internal/iteration.ts";
import type { AnyEvent } from "../event/event.ts";
import type { ActiveSpan } from "../internal/telemetry/types.ts";
import { type BusOptions, resolveBusOptions } from "./_arguments.ts";
import { BusMeter } from "./_bus_meter.ts";
import { type Report, reportTo } from "../internal/callbacks.ts";
import { Mailbox, type MailboxOptions } from "./_mailbox.ts";
import { BusClosedError } from "./errors.ts";
import type { Subscription } from "./event_broadcaster.ts";

/** A mailbox's place in a bus. */
export interface Placement {
  /** Stops sending to it. */
  remove(): void;
  /** Resolves when the subscription is in place. */
  confirm(): Promise<void>;
}

/** The subscriptions of a bus, with its meter and error reports. */
export class Subscribers<E extends AnyEvent> {
  readonly meter: BusMeter;
  readonly report: Report;
  readonly activeSpan: ActiveSpan | undefined;
  readonly #open = new Set<Mailbox<E>>();
  /** Those that have ended and still have events to read. */
  readonly #draining = new Set<Mailbox<E>>();
  #closed = false;

  /** @param system The system that carries the events, for the instruments. */
  constructor(system: string, options: BusOptions, action: string) {
    const { activeSpan, meter, onError } = resolveBusOptions(options, action);
    this.meter = new BusMeter(system, meter, () => this.#pending());
    this.report = reportTo(onError);
    this.activeSpan = activeSpan;
  }

  /** Those that get events. */
  get open(): Iterable<Mailbox<E>> {
    return this.#open;
  }

  /** @throws {BusClosedError} If the bus is closed. */
  throwIfClosed(action: string): void {
    if (this.#closed) throw new BusClosedError(action);
  }

  /**
   * Opens one; `place` has events sent to it.
   *
   * @typeParam Passing The events that its filter lets through.
   */
  add<Passing extends AnyEvent>(
    options: MailboxOptions<E>,
    place: (mailbox: Mailbox<E>) => Placement,
  ): Subscription<Passing> {
    const mailbox: Mailbox<E> = new Mailbox(options, {
      meter: this.meter,
      report: this.report,
      confirm: () => placement.confirm(),
      end: () => {
        placement.remove();
        this.#open.delete(mailbox);
        this.#draining.add(mailbox);
      },
      drained: () => {
        this.#draining.delete(mailbox);
        this.#checkDone();
      },
    });
    const placement = place(mailbox);
    this.#open.add(mailbox);
    mailbox.begin();
    return mailbox as Subscription<AnyEvent> as Subscription<Passing>;
  }

  /** Fails all of them, once their pending events have been read. */
  fail(failure: Reason): void {
    for (const mailbox of [...this.#open]) mailbox.finish(failure, failure);
  }

  /** Ends all of them, once their pending events are read; false if done before. */
  close(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    const refusal = { reason: new BusClosedError("publish event") };
    for (const mailbox of [...this.#open]) mailbox.finish(undefined, refusal);
    this.#checkDone();
    return true;
  }

  #pending(): number {
    let pending = 0;
    for (const mailbox of this.#open) pending += mailbox.pending;
    for (const mailbox of this.#draining) pending += mailbox.pending;
    return pending;
  }

  #checkDone(): void {
    const done = this.#closed && this.#open.size === 0 &&
      this.#draining.size === 0;
    if (done) this.meter.close();
  }
}
