import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { waitFor, WaitTimeoutError } from "../../support/conditions.ts";

Deno.test("waitFor() resolves at once to what is truthy already", async () => {
  const start = performance.now();
  assertEquals(await waitFor(() => "yes", { interval: 5000 }), "yes");
  assertEquals(await waitFor(() => Promise.resolve(7), { timeout: 0 }), 7);
  assertLess(performance.now() - start, 5_000);
});

Deno.test("waitFor() looks again until a value comes, over errors too", async () => {
  let looks = 0;
  const value = await waitFor(() => {
    looks++;
    if (looks === 1) throw new Error("not yet");
    return looks >= 3 && looks;
  }, { interval: 1 });
  assertEquals(value, 3);
});

Deno.test("waitFor() tells what it waited for and what went wrong last", async () => {
  const error = await assertRejects(
    () =>
      waitFor(() => Promise.reject(new TypeError("broken")), {
        timeout: 20,
        interval: 1,
        message: () => "the moon",
      }),
    WaitTimeoutError,
    "Timed out after 20 ms: the moon",
  );
  assert(error.cause instanceof TypeError);
});

Deno.test("waitFor() looks a last time when the timeout has passed", async () => {
  let passed = false;
  setTimeout(() => passed = true, 30);
  assert(await waitFor(() => passed, { timeout: 30, interval: 40 }));
  await assertRejects(
    () => waitFor(() => 0, { timeout: 0 }),
    WaitTimeoutError,
    "Timed out after 0 ms",
  );
});
