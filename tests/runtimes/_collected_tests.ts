/**
 * A test runner for runtimes that have none, or have one of their own: it
 * collects what contract suites register, and runs one test after the other.
 *
 * @module
 */

import type { RegisterTest } from "../support/contract_runner.ts";

/** How long a test may take before it counts as hung, in milliseconds. */
const TEST_TIMEOUT_MS = 120_000;

/** A test that failed. */
export interface Failure {
  /** The test's name. */
  readonly name: string;
  /** What it failed with, and where. */
  readonly reason: string;
}

/** How a run went. */
export interface Report {
  /** How many tests passed. */
  readonly passed: number;
  /** The tests that did not. */
  readonly failures: readonly Failure[];
}

interface CollectedTest {
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** The tests that were registered with it. */
export class CollectedTests {
  readonly #tests: CollectedTest[] = [];

  /** Takes in a test. */
  readonly register: RegisterTest = (name, body) => {
    this.#tests.push({ name, body });
  };

  /** Runs the tests in the order in which they were registered. */
  async run(): Promise<Report> {
    const failures: Failure[] = [];
    for (const { name, body } of this.#tests) {
      try {
        await inTime(body());
      } catch (error) {
        failures.push({ name, reason: describe(error) });
      }
    }
    return { passed: this.#tests.length - failures.length, failures };
  }
}

async function inTime(running: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`not done after ${TEST_TIMEOUT_MS} ms`);
    timer = setTimeout(() => reject(error), TEST_TIMEOUT_MS);
  });
  try {
    await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error with its stack and causes. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stack = "", message, name } = error;
  // Not every engine's stack begins with the message.
  const text = stack.includes(message)
    ? stack
    : `${name}: ${message}\n${stack}`;
  return error.cause === undefined
    ? text
    : `${text}\ncaused by: ${describe(error.cause)}`;
}
