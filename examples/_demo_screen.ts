/**
 * What the demo shows: a table in place on a terminal, lines elsewhere.
 *
 * @module
 */

import type { NodeReport } from "./_demo_node.ts";
import { format } from "./_progress.ts";

/** How many of the last happenings stay on the screen. */
const HAPPENINGS = 8;
const BAR_WIDTH = 24;

/** A node, as it is shown. */
export interface ShownNode {
  readonly name: string;
  readonly state: string;
  readonly report: NodeReport | undefined;
}

/** The figures of one second. */
export interface Second {
  readonly second: number;
  readonly seconds: number;
  /** How many shards there are. */
  readonly shards: number;
  readonly nodes: readonly ShownNode[];
  /** Milliseconds that commands took which were answered in this second. */
  readonly latencies: readonly number[];
  /** Commands that wait for their answers. */
  readonly waiting: number;
  /** The longest that a command has waited so far, in milliseconds. */
  readonly longest: number;
}

/** Shows a run as it goes on. */
export class Screen {
  readonly #isTerminal: boolean;
  readonly #hasColors: boolean;
  readonly #write: (text: string) => void;
  readonly #happenings: string[] = [];

  /** @param write Takes what is to be shown. */
  constructor(
    { isTerminal, hasColors }: { isTerminal: boolean; hasColors: boolean },
    write: (text: string) => void,
  ) {
    this.#isTerminal = isTerminal;
    this.#hasColors = isTerminal && hasColors;
    this.#write = write;
  }

  /** Something happens, after so many seconds. */
  happens(second: number, what: string): void {
    const text = `${String(second).padStart(4)} s  ${what}`;
    this.#happenings.push(text);
    if (!this.#isTerminal) this.#write(`${text}\n`);
  }

  /** Shows how all is now. */
  show(now: Second): void {
    this.#write(this.#isTerminal ? this.#frame(now) : lineOf(now));
  }

  #frame(now: Second): string {
    const { second, seconds, nodes, shards, latencies, waiting, longest } = now;
    const { p50, p99 } = percentiles(latencies);
    const lines = [
      this.#bold("Accounts on a cluster") + `   ${second} of ${seconds} s`,
      "",
      this.#dim(
        "  node     state     shards".padEnd(BAR_WIDTH + 28) +
          "  active    handled  conflicts",
      ),
      ...nodes.map((node) => this.#nodeLine(node, shards)),
      "",
      `  ${this.#bold(format(latencies.length))} commands/s` +
      `   p50 ${this.#bold(p50)} ms   p99 ${this.#bold(p99)} ms` +
      `   ${format(waiting)} waiting` +
      `   longest gap ${this.#bold(format(longest))} ms`,
      "",
      ...this.#happenings.slice(-HAPPENINGS),
    ];
    // Each line in place of the old one: nothing flickers.
    return `\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`;
  }

  #nodeLine({ name, state, report }: ShownNode, shards: number): string {
    const {
      shards: owned = 0,
      active = 0,
      handled = 0,
      conflicts = 0,
      isLeader = false,
    } = report ?? {};
    const isUp = state === "running";
    const filled = Math.round(BAR_WIDTH * (isUp ? owned : 0) / shards);
    const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
    const count = (value: number, width: number) =>
      (isUp ? format(value) : "-").padStart(width);
    return `  ${name.padEnd(8)} ${this.#colored(state)} ${bar}` +
      `${count(owned, 6)}  ${isLeader && isUp ? "leads" : "     "}` +
      `${count(active, 11)} ${count(handled, 10)} ${count(conflicts, 10)}`;
  }

  #colored(state: string): string {
    const text = state.padEnd(9);
    if (!this.#hasColors) return text;
    const color = state === "running" ? 32 : state === "killed" ? 31 : 33;
    return `\x1b[${color}m${text}\x1b[0m`;
  }

  #bold(text: string): string {
    return this.#hasColors ? `\x1b[1m${text}\x1b[0m` : text;
  }

  #dim(text: string): string {
    return this.#hasColors ? `\x1b[2m${text}\x1b[0m` : text;
  }
}

function percentiles(latencies: readonly number[]) {
  const rising = latencies.toSorted((a, b) => a - b);
  const at = (share: number) =>
    rising[Math.floor(rising.length * share)]?.toFixed(1) ?? "-";
  return { p50: at(0.5), p99: at(0.99) };
}

/** A second on one line. */
function lineOf(
  { second, nodes, latencies, waiting, longest }: Second,
): string {
  const { p50, p99 } = percentiles(latencies);
  const states = nodes.map(({ name, state, report }) =>
    state === "running" && report !== undefined
      ? `${name} ${report.shards} shards, ${
        format(report.active)
      } active, ${report.conflicts} conflicts${
        report.isLeader ? ", leads" : ""
      }`
      : `${name} ${state}`
  );
  return `${String(second).padStart(4)} s  ${
    format(latencies.length)
  } commands/s, p50 ${p50} ms, p99 ${p99} ms, ${
    format(waiting)
  } waiting, longest gap ${format(longest)} ms; ${states.join("; ")}\n`;
}
