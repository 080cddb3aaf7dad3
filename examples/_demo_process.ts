/**
 * The node processes of the demo.
 *
 * @module
 */

import type { NodeReport } from "./_demo_node.ts";

const SCRIPT = new URL("_demo_node.ts", import.meta.url).pathname;

/** A node process, started again when it is told to. Disposing kills it. */
export class NodeProcess implements AsyncDisposable {
  /** What it is called on the screen. */
  readonly name: string;
  /** Its last report; undefined until it has started. */
  report: NodeReport | undefined;
  /** What is being done to it. */
  state: "starting" | "running" | "killed" | "stopped" | "leaving" = "starting";
  readonly #args: readonly string[];
  #child!: Deno.ChildProcess;
  #hasEnded = false;

  /** @param args Those of the node's script. */
  constructor(name: string, args: readonly string[]) {
    this.name = name;
    this.#args = args;
    this.start();
  }

  /** Starts it, again. */
  start(): void {
    this.state = "starting";
    this.report = undefined;
    this.#hasEnded = false;
    const child = new Deno.Command("/bin/sh", {
      args: [
        ...["-c", 'exec "$0" "$@"', Deno.execPath()],
        ...["run", "-q", "-P=tests", SCRIPT, ...this.#args],
      ],
      stdin: "piped", // it ends with this process, whatever ends that
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#child = child;
    this.#read(child);
  }

  /** Kills it, as a crash does. */
  kill(): Promise<void> {
    return this.#end("killed", "SIGKILL");
  }

  /** Has it hand over its shards and end. */
  leave(): Promise<void> {
    return this.#end("leaving", "SIGTERM");
  }

  /** Stops its clock, as a machine does that is suspended. */
  pause(): void {
    this.state = "stopped";
    this.#child.kill("SIGSTOP");
  }

  /** Ends {@linkcode pause}. */
  resume(): void {
    this.state = "running";
    this.#child.kill("SIGCONT");
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end("killed", "SIGKILL");
  }

  async #end(state: "killed" | "leaving", signal: Deno.Signal): Promise<void> {
    this.state = state;
    if (!this.#hasEnded) this.#child.kill(signal);
    await this.#child.status;
  }

  async #read(child: Deno.ChildProcess): Promise<void> {
    const ended = child.status.then(() => {
      if (child === this.#child) this.#hasEnded = true;
    });
    let text = "";
    const output = child.stdout.pipeThrough(new TextDecoderStream());
    for await (const chunk of output) {
      const lines = (text + chunk).split("\n");
      text = lines.pop()!;
      const last = lines.at(-1);
      if (last === undefined || child !== this.#child) continue;
      this.report = JSON.parse(last);
      if (this.state === "starting") this.state = "running";
    }
    await ended;
  }
}
