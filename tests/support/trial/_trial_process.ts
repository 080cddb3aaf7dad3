import { SHELL } from "../_tool.ts";
import {
  type Answer,
  jsonLines,
  type TrialCommand,
  type WorkerSpec,
} from "./_trial_protocol.ts";

const SCRIPT = new URL("_trial_worker.ts", import.meta.url).pathname;
const ROOT = new URL("../../../", import.meta.url).pathname;

/** A worker in a process of its own. */
export class TrialProcess {
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reading: Promise<void>;

  /** Starts it. */
  constructor(spec: WorkerSpec, onAnswer: (answer: Answer) => void) {
    this.#child = new Deno.Command(SHELL, {
      args: [
        ...["-c", 'exec "$0" "$@"', Deno.execPath()],
        ...["run", "-q", "--no-prompt", "-P=tests", SCRIPT],
        JSON.stringify(spec),
      ],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#commands = this.#child.stdin.getWriter();
    this.#reading = this.#read(onAnswer);
  }

  /** Has a command executed. */
  send(command: TrialCommand): void {
    const line = new TextEncoder().encode(JSON.stringify(command) + "\n");
    // If it is gone, its commands are sent to another.
    this.#commands.write(line).catch(() => {});
  }

  /** Kills it; resolves when all it has answered is known. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await Promise.all([this.#child.status, this.#reading]);
    await this.#commands.close().catch(() => {});
  }

  async #read(onAnswer: (answer: Answer) => void): Promise<void> {
    for await (const answer of jsonLines<Answer>(this.#child.stdout)) {
      onAnswer(answer);
    }
  }
}
