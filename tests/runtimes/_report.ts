/**
 * What the runs say on the terminal, as `deno test` says it, so that whoever
 * counts one counts the other.
 *
 * @module
 */

import type { Report } from "./_collected_tests.ts";

/** A runtime is not on this machine, and not to be had. */
export class UnavailableError extends Error {
  /** Makes the error from what was looked for. */
  constructor(message: string) {
    super(message);
    this.name = "UnavailableError";
  }
}

/** The sum of what was run. */
export class Summary {
  #failed = 0;
  readonly #notRun: string[] = [];

  /** Tells how one run went. */
  add(title: string, { passed, failures }: Report, ms: number): void {
    for (const { name, reason } of failures) {
      console.log(`\n${title}: ${name} ... FAILED\n${reason}`);
    }
    const failed = failures.length + (passed + failures.length === 0 ? 1 : 0);
    this.#failed += failed;
    const seconds = Math.round(ms / 1000);
    console.log(
      `${
        failed === 0 ? "ok" : "FAILED"
      } | ${passed} passed | ${failed} failed (${title}, ${seconds}s)`,
    );
  }

  /** Tells that a runtime is not to be had. */
  skip(name: string, { message }: UnavailableError): void {
    this.#notRun.push(name);
    console.log(`NOT RUN: ${name}: ${message}`);
  }

  /** The exit code: 1 if a test failed, or if what was not run is required. */
  end({ optional }: { optional: boolean }): 0 | 1 {
    if (this.#notRun.length > 0) {
      console.log(`Nothing was tested on ${this.#notRun.join(", ")}`);
    }
    return this.#failed > 0 || (this.#notRun.length > 0 && !optional) ? 1 : 0;
  }
}
