/**
 * A worker that calls the functions it is told to.
 *
 * @module
 */

import { collectGarbage } from "./_timing.ts";

/** A function, and what it is called with. */
export interface IsolatedTask {
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<IsolatedTask>) => void;
  postMessage(figure: number): void;
};

scope.onmessage = async ({ data: { module, name, args } }) => {
  const { [name]: run } = await import(module);
  collectGarbage();
  scope.postMessage(await run(...args));
};
