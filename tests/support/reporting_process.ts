/**
 * Programs of tests that run in processes of their own, and write down what
 * they do.
 *
 * @module
 */

import { SHELL } from "./_tool.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A process that writes lines of words. */
export class ReportingProcess {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #isOver = false;

  /**
   * Starts it.
   *
   * @param script The program.
   * @param options What it is told, as the JSON of its argument.
   * @param heard Hears each line.
   */
  constructor(
    script: URL,
    options: unknown,
    heard: (word: string, values: readonly string[]) => void,
  ) {
    this.#child = new Deno.Command(SHELL, {
      args: [
        ...["-c", 'exec "$0" "$@"', Deno.execPath()],
        ...["run", "-q", "--no-prompt", "-P=tests", script.pathname],
        JSON.stringify(options),
      ],
      cwd: ROOT,
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read(heard);
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    if (!this.#isOver) this.#child.kill(signal);
  }

  /** Resolves when it has ended, and all it wrote was heard. */
  async ended(): Promise<void> {
    await this.#reading;
    await this.#child.status;
  }

  async #read(
    heard: (word: string, values: readonly string[]) => void,
  ): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(
        "\n",
      );
      rest = lines.pop()!;
      for (const line of lines) {
        const [word, ...values] = line.split(" ");
        heard(word!, values);
      }
    }
    this.#isOver = true;
  }
}
