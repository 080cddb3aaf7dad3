import { assertEquals } from "@std/assert";
import { nearestName } from "../../../internal/nearest.ts";

const names = ["expectedVersion", "expectedVersions", "signal", "id"];

Deno.test("nearestName() finds the name that takes the fewest edits", () => {
  for (
    const [name, nearest] of [
      ["expectVersion", "expectedVersion"],
      ["expectedVersoins", "expectedVersions"],
      ["expectedversion", "expectedVersion"],
      ["SIGNAL", "signal"],
      ["sgnal", "signal"],
      ["signals", "signal"],
      ["di", undefined],
      ["singal", "signal"],
      ["sinl", "signal"],
      ["sial", "signal"],
      ["sal", undefined],
      ["ids", "id"],
      ["namespace", undefined],
      ["", undefined],
      ["s".repeat(10_000), undefined],
    ] as const
  ) assertEquals(nearestName(name, names), nearest, name);
});

Deno.test("nearestName() guesses nothing that is far away", () => {
  assertEquals(nearestName("filter", ["after", "actors", "live"]), undefined);
  assertEquals(nearestName("veiw", ["view"]), "view");
  assertEquals(nearestName("vwei", ["view"]), undefined);
});

Deno.test("nearestName() finds none when there are none", () => {
  assertEquals(nearestName("signal", []), undefined);
});

Deno.test("nearestName() takes the earlier one when two are equally near", () => {
  assertEquals(nearestName("cat", ["bat", "rat"]), "bat");
});
