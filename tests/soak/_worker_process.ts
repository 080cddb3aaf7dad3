import { now } from "../support/history/history_log.ts";
import { SHELL } from "../support/_tool.ts";
import {
  type Command,
  linesOf,
  type Status,
  type WorkerSpec,
} from "./_protocol.ts";

const SCRIPT = new URL("worker.ts", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url).pathname;

/** A worker that runs in a process of its own. */
export class WorkerProcess {
  /** What it is to do. */
  readonly spec: WorkerSpec;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Resolves when it works. */
  readonly ready: Promise<void>;
  /** How far the clocks may be apart, in milliseconds. */
  skew = 0;
  /** The most memory it was seen to take, in bytes. */
  peakRss = 0;
  /** What it told last. */
  status: Status | undefined;
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #ready = Promise.withResolvers<void>();
  #killed = false;
  #isOver = false;

  /** Starts it. */
  constructor(spec: WorkerSpec) {
    this.spec = spec;
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    // A clock is set by that of the machine when its process starts.
    const off = () => Math.abs(Date.now() - now());
    this.skew = off();
    this.#child = new Deno.Command(SHELL, {
      args: [
        ...["-c", 'exec "$0" "$@"', Deno.execPath()],
        ...["run", "-q", "--no-prompt", "-P=tests", SCRIPT],
      ],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#commands = this.#child.stdin.getWriter();
    this.#send(spec);
    this.ended = this.#run(off);
    this.ended.catch(() => {});
  }

  /** Whether it is no more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Tells it something. */
  tell(command: Command): void {
    this.#send(command);
  }

  /** Kills it, and resolves when it has ended. */
  async kill(): Promise<void> {
    if (!this.#isOver) {
      this.#killed = true;
      this.#child.kill("SIGKILL");
    }
    await this.ended;
  }

  #send(message: unknown): void {
    const bytes = new TextEncoder().encode(JSON.stringify(message) + "\n");
    // If it is gone, that shows elsewhere.
    this.#commands.write(bytes).catch(() => {});
  }

  async #run(off: () => number): Promise<void> {
    for await (const line of linesOf(this.#child.stdout)) {
      const status = JSON.parse(line) as Status;
      this.status = status;
      this.peakRss = Math.max(this.peakRss, status.rss);
      // What was written before it was read cannot be later.
      this.skew = Math.max(this.skew, status.at - now(), off());
      this.#ready.resolve();
    }
    const { code } = await this.#child.status;
    this.#isOver = true;
    await this.#commands.close().catch(() => {});
    if (!this.#killed && code !== 0) {
      const error = new Error(`Worker ${this.spec.name} ended with ${code}`);
      this.#ready.reject(error);
      throw error;
    }
    this.#ready.resolve();
  }
}
