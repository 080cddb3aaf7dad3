/**
 * A node in a process of its own.
 *
 * @module
 */

import { SHELL } from "../../support/_tool.ts";
import { waitFor } from "../../support/conditions.ts";
import type { NodeOptions } from "./node.ts";

const SCRIPT = new URL("node.ts", import.meta.url).pathname;
const ROOT = new URL("../../../", import.meta.url).pathname;

/** A process that hosts actors. Disposing kills it. */
export class HostProcess implements AsyncDisposable {
  readonly nodeId: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines = new Set<string>();
  readonly #reading: Promise<void>;

  /** Starts it. */
  constructor(nodeId: string, options: NodeOptions) {
    this.nodeId = nodeId;
    this.#child = new Deno.Command(SHELL, {
      args: [
        ...["-c", 'exec "$0" "$@"', Deno.execPath()],
        ...["run", "-q", "--no-prompt", "-P=tests", SCRIPT],
        JSON.stringify(options),
      ],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read();
  }

  /** Sends it a signal. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Lets it go on. */
  async go(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new Uint8Array([10]));
    writer.releaseLock();
  }

  /** Resolves when it has said a line. */
  async says(line: string): Promise<void> {
    await waitFor(() => this.#lines.has(line), {
      timeout: 60_000,
      message: () =>
        `${this.nodeId} to say "${line}", not ${[...this.#lines].join("; ")}`,
    });
  }

  async #read(): Promise<void> {
    let rest = "";
    const text = this.#child.stdout.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#lines.add(line);
    }
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await this.#child.stdin.close().catch(() => {}); // its end is gone
    await this.#reading;
  }
}
