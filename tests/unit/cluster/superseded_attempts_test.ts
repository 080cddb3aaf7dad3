import { assertEquals } from "@std/assert";
import { SupersededAttempts } from "../../../cluster/requests/_superseded_attempts.ts";

Deno.test("isLate() tells attempts that come after a later one", () => {
  const attempts = new SupersededAttempts();
  const isLate = (id: string, number: number) =>
    attempts.isLate({ id, number });
  assertEquals(attempts.isLate(undefined), false);
  assertEquals(isLate("a", 1), false);
  assertEquals(isLate("a", 1), false, "the same again");
  assertEquals(isLate("a", 3), false);
  assertEquals([isLate("a", 1), isLate("a", 2)], [true, true]);
  assertEquals(isLate("a", 3), false);
  assertEquals(isLate("b", 1), false, "another call");
  assertEquals(isLate("a", 4), false);
  assertEquals(isLate("a", 3), true);
});

Deno.test("isLate() remembers only calls that were sent again", () => {
  const attempts = new SupersededAttempts();
  for (let i = 0; i < 10; i++) attempts.isLate({ id: `${i}`, number: 1 });
  assertEquals(attempts.size, 0);
  for (let i = 0; i < 10; i++) attempts.isLate({ id: `${i}`, number: 2 });
  assertEquals(attempts.size, 10);
});
