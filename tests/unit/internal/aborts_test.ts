import { assert, assertEquals } from "@std/assert";
import { offAbort, onAbort } from "../../../internal/aborts.ts";
import { countedSignal } from "../../support/contract/signals.ts";

Deno.test("onAbort() tells each call once, in the order in which they came", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const told: number[] = [];
  const calls = [0, 1, 2, 3].map((i) => ({ aborted: () => told.push(i) }));
  for (const call of calls) onAbort(signal, call);
  offAbort(signal, calls[1]!);
  controller.abort();
  signal.dispatchEvent(new Event("abort"));
  assertEquals(told, [0, 2, 3]);
});

Deno.test("onAbort() does not tell a call that an earlier one has ended", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const told: string[] = [];
  const second = { aborted: () => told.push("second") };
  const first = {
    aborted: () => {
      told.push("first");
      offAbort(signal, second);
    },
  };
  onAbort(signal, first);
  onAbort(signal, second);
  controller.abort();
  assertEquals(told, ["first"]);
});

Deno.test("onAbort() tells the others when one throws", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const error = new Error("broken");
  const reported: unknown[] = [];
  const report = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  let told = false;
  onAbort(signal, {
    aborted: () => {
      throw error;
    },
  });
  onAbort(signal, { aborted: () => told = true });
  addEventListener("error", report);
  controller.abort();
  removeEventListener("error", report);
  assertEquals(told, true);
  assertEquals(reported, [error]);
});

Deno.test("onAbort() has one listener on a signal for all calls, and none without them", () => {
  const { signal, listeners } = countedSignal();
  const calls = Array.from({ length: 100 }, () => ({ aborted: () => {} }));
  for (const call of calls) onAbort(signal, call);
  assertEquals(listeners.size, 1);
  for (const call of calls.slice(1)) offAbort(signal, call);
  assertEquals(listeners.size, 1);
  offAbort(signal, calls[0]!);
  assertEquals(listeners.size, 0);
  offAbort(signal, calls[0]!);
  onAbort(signal, calls[0]!);
  assertEquals(listeners.size, 1);
  offAbort(signal, calls[0]!);
  assertEquals(listeners.size, 0);
});

Deno.test("onAbort() lets go of a signal that is aborted", () => {
  const { signal, listeners } = countedSignal();
  onAbort(signal, { aborted: () => {} });
  onAbort(signal, { aborted: () => {} });
  signal.dispatchEvent(new Event("abort"));
  assertEquals(listeners.size, 0);
});

Deno.test("onAbort() and offAbort() have nothing to do without a signal", () => {
  const call = { aborted: () => {} };
  onAbort(undefined, call);
  offAbort(undefined, call);
});

Deno.test("onAbort() reports what a listener throws where there is no reportError", async () => {
  const { reportError } = globalThis;
  const reported = Promise.withResolvers<unknown>();
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    reported.resolve(event.error);
  };
  globalThis.addEventListener("error", listener);
  const error = new Error("broken");
  const controller = new AbortController();
  let heard = false;
  try {
    Object.assign(globalThis, { reportError: undefined });
    onAbort(controller.signal, {
      aborted() {
        throw error;
      },
    });
    onAbort(controller.signal, { aborted: () => heard = true });
    controller.abort();
    assertEquals(await reported.promise, error);
    assert(heard);
  } finally {
    Object.assign(globalThis, { reportError });
    globalThis.removeEventListener("error", listener);
  }
});
