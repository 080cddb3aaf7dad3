/**
 * One leader at a time.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { call, type Report, reportTo } from "../../internal/callbacks.ts";
import {
  checkSignal,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import { activeTrace } from "../../internal/telemetry/trace.ts";
import type { TraceContext } from "../../internal/telemetry/types.ts";
import { ElectionClosedError, LeadershipEndedError } from "../errors.ts";
import { LeaseKeeper } from "../lease/keeper.ts";
import type { LeaseEvent } from "../lease/protocol.ts";
import { Latest } from "../../internal/latest.ts";
import { localRegister } from "./_local.ts";
import { ElectionMeter } from "./_meter.ts";
import { openLink } from "./_nats_link.ts";
import {
  type LeaderElectionOptions,
  type LocalElectionOptions,
  type ResolvedElection,
  resolveJoin,
  resolveLocal,
} from "./election_options.ts";
import type { ElectionLink, OpenLink } from "./_link.ts";
import type {
  FollowElectionOptions,
  Leader,
  Leadership,
  LeadershipTerm,
} from "./leadership.ts";
import type { ElectionMetrics } from "./metrics.ts";

const ACTION = "join election";

const FOLLOW_OPTIONS: OptionNames<FollowElectionOptions> = { signal: true };

/**
 * Elects one leader among the nodes that join.
 *
 * The leader holds a lease and renews it. **At no moment do two nodes lead**, by
 * {@linkcode isLeader} as by {@linkcode terms}: a leader that can't renew stops
 * after `renewDeadline`, and nobody takes its place before the lease has gone
 * by, which is longer, or was released. Clocks of different machines may run at
 * rates up to 10 % apart and may show anything.
 *
 * What a leader has begun when its time ends may still be under way when the
 * next one begins, in a process that was stopped, say: stop when the signal is
 * aborted, and let the store's version check decide about events.
 *
 * @example Do something on one node at a time
 * ```ts
 * import { LeaderElection } from "@flowmade-one/aether/cluster";
 * import { assert } from "@std/assert";
 *
 * await using election = LeaderElection.local({ name: "reports" });
 * for await (const { term, signal } of election.terms()) {
 *   assert(term > 0 && !signal.aborted && election.isLeader());
 *   break; // a program would work here until the signal is aborted
 * }
 * ```
 */
export class LeaderElection implements AsyncDisposable {
  /** Which cluster elects. */
  readonly cluster: string;
  /** Which of the cluster's elections this is. */
  readonly name: string;
  /** What others know this node by. */
  readonly nodeId: string;
  readonly #terms = new Latest<LeadershipTerm>();
  readonly #changes = new Latest<Leadership>();
  readonly #meter: ElectionMeter;
  readonly #report: Report;
  readonly #link: ElectionLink;
  readonly #keeper: LeaseKeeper;
  readonly #readTrace: () => TraceContext | undefined;
  #trace: TraceContext | undefined;
  #controller: AbortController | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: ResolvedElection, open: OpenLink) {
    const { cluster, name, nodeId, settings, meter, activeSpan } = options;
    this.cluster = cluster;
    this.name = name;
    this.nodeId = nodeId;
    this.#report = reportTo(options.onError);
    this.#readTrace = () => activeTrace(activeSpan, this.#report);
    this.#trace = this.#readTrace();
    this.#link = open({
      changed: () => this.#keeper.poke(),
      over: (reason) => this.#fail(reason),
      report: this.#report,
      reconnected: () => this.#meter.counters.reconnects++,
      trace: () => this.#trace,
    });
    this.#meter = new ElectionMeter(meter, options, () => this.isLeader());
    this.#changes.set(NOBODY);
    this.#keeper = new LeaseKeeper(this.#link.register, {
      holder: nodeId,
      settings,
      isNameUnique: this.#link.isNew,
      onEvent: (event) => this.#happened(event),
      onSight: () => this.#look(),
      onOutcome: (error) => {
        this.#meter.counters.requests++;
        if (error !== undefined) this.#meter.counters.failedRequests++;
        this.#link.note(error);
      },
    });
    this.#keeper.start();
  }

  /**
   * Joins an election over NATS, and makes the cluster's bucket if it is not
   * there. Joining does not wait for a leader.
   *
   * The first leader of a new bucket leads after a whole lease: the bucket may
   * have been made anew while somebody held a lease in the last one.
   *
   * @param nc An open connection, from whichever transport fits; best with
   * `timeout: 2000` and `maxReconnectAttempts: -1`. It stays the caller's.
   * @throws {StreamSetupError} If the server is older than 2.12, if there is no
   * bucket and `create` is false, if the bucket has other settings than needed,
   * or can't be made: `code` says why.
   * @throws {JetStreamUnavailableError} If JetStream is not enabled, or does
   * not answer.
   * @throws {PermissionDeniedError} If the connection's user lacks a right.
   * @throws {ConnectionClosedError | ConnectionLostError} If the connection is
   * closed, or down.
   * @throws {TypeError | RangeError} If `nc` or an option is not valid.
   */
  static async join(
    nc: NatsConnection,
    options?: LeaderElectionOptions,
  ): Promise<LeaderElection> {
    const resolved = resolveJoin(options, ACTION);
    const open = await openLink(nc, resolved, ACTION);
    return new LeaderElection(resolved, open);
  }

  /**
   * Joins an election among those that this process makes in the same way, for
   * tests and for programs of one process. It needs no server.
   *
   * @throws {TypeError | RangeError} If an option is not valid.
   */
  static local(options?: LocalElectionOptions): LeaderElection {
    const resolved = resolveLocal(options, ACTION);
    return new LeaderElection(resolved, localRegister(resolved));
  }

  /**
   * Whether this node leads at this very moment, by its clocks: true only
   * before the window ends that its last renewal has opened.
   */
  isLeader(): boolean {
    return this.#keeper.isHeld();
  }

  /** The term in which this node leads; undefined while it does not. */
  get term(): number | undefined {
    return this.isLeader() ? this.#keeper.machine.term : undefined;
  }

  /**
   * Who leads, as far as this node knows; undefined when it knows of nobody. It
   * is at most some `retry` behind while NATS answers, and proves nothing: for
   * that ask {@linkcode isLeader}.
   */
  get leader(): Leader | undefined {
    this.#look();
    return this.#changes.value?.leader;
  }

  /**
   * The times in which this node leads, each from the moment it does, the
   * present one included. One that has ended before it was asked for is left
   * out. It ends when the election is closed.
   *
   * The caller counts as at work on a term until it asks for the next one, or
   * leaves the loop: meanwhile nobody else is let in by {@linkcode release} and
   * {@linkcode close}.
   *
   * @throws {ConnectionClosedError} From the iteration, if the connection is
   * closed for good.
   */
  terms(
    options?: FollowElectionOptions,
  ): AsyncIterableIterator<LeadershipTerm, undefined> {
    const action = "follow terms";
    const { signal } = optionsOf(options, FOLLOW_OPTIONS, action);
    return this.#terms.iterate(checkSignal(signal, action));
  }

  /**
   * Who leads: now, and each time that changes, also to nobody. Changes that
   * follow each other faster than they are asked for are left out. It ends when
   * the election is closed.
   *
   * @throws {ConnectionClosedError} From the iteration, if the connection is
   * closed for good.
   */
  changes(
    options?: FollowElectionOptions,
  ): AsyncIterableIterator<Leadership, undefined> {
    const action = "follow changes";
    const { signal } = optionsOf(options, FOLLOW_OPTIONS, action);
    return this.#changes.iterate(checkSignal(signal, action));
  }

  /** What the election has done so far. */
  get metrics(): ElectionMetrics {
    return this.#meter.snapshot();
  }

  /**
   * Stops leading, if this node leads; it remains a candidate, but comes after
   * all others. Its signal is aborted at once. Others are let in when the work
   * on {@linkcode terms} has come to an end; should that take longer than the
   * window was open for, they wait for the lease to go by.
   *
   * Resolves when others have been let in, and at once while work on a term
   * goes on.
   *
   * @throws {ElectionClosedError} If the election is closed.
   */
  async release(): Promise<void> {
    if (this.#closed !== undefined) {
      throw new ElectionClosedError("release leadership");
    }
    this.#trace = this.#readTrace();
    const released = this.#release();
    if (!this.#terms.isBusy) await released;
  }

  /**
   * Releases the leadership, as {@linkcode release} does, and takes part no
   * more. It waits for the work on {@linkcode terms} to end, so break out of
   * that loop rather than close the election in it. Harmless the second time.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#trace = this.#readTrace();
    await this.#release();
    await this.#end(undefined);
  }

  /** Nothing can be asked any more. */
  #fail(reason: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = this.#end(reason);
  }

  async #end(failure: Error | undefined): Promise<void> {
    this.#keeper.stop();
    this.#terms.end(failure);
    this.#changes.end(failure);
    this.#meter.close();
    await this.#link.close();
  }

  async #release(): Promise<void> {
    const isLeader = this.isLeader();
    await this.#keeper.release(this.#terms.idle());
    if (isLeader) this.#link.publish();
    this.#look();
  }

  #happened(event: LeaseEvent): void {
    const { term } = event;
    const { counters } = this.#meter;
    if (event.kind === "granted") {
      counters[event.resumed ? "resumed" : "terms"]++;
      const { signal } = this.#controller = new AbortController();
      this.#terms.set(Object.freeze({ term, signal }));
      this.#link.publish();
    } else {
      counters[event.reason]++;
      this.#terms.set(undefined);
      const reason = new LeadershipEndedError(term, event.reason);
      call(this.#report, () => this.#controller?.abort(reason));
    }
    this.#look();
  }

  /** Tells of another leader than before. */
  #look(): void {
    if (this.#closed !== undefined) return;
    const { machine } = this.#keeper;
    const { observation } = machine;
    const record = observation.isHeld(performance.now()) && !machine.isLeaving
      ? observation.sight?.record
      : undefined;
    const before = this.#changes.value?.leader;
    if (before?.nodeId === record?.holder && before?.term === record?.term) {
      return;
    }
    this.#changes.set(
      record === undefined ? NOBODY : Object.freeze({
        leader: Object.freeze({ nodeId: record.holder, term: record.term }),
      }),
    );
  }
}

const NOBODY: Leadership = Object.freeze({ leader: undefined });
