import { assertEquals, assertThrows } from "@std/assert";
import {
  anchorsOf,
  blocksOf,
  linksOf,
  tablesOf,
} from "../../support/markdown.ts";

Deno.test("blocksOf() gives blocks with what they follow at once", () => {
  const page = [
    "# Page",
    "```ts",
    "a();",
    "",
    "b();",
    "```",
    "",
    "```text",
    "```",
    "Prose.",
    "```",
    "# no heading",
    "```",
  ].join("\n");
  const [program, output, last, ...more] = blocksOf(page);
  assertEquals(program, {
    language: "ts",
    text: "a();\n\nb();\n",
    line: 2,
    follows: undefined,
  });
  assertEquals(output, {
    language: "text",
    text: "",
    line: 8,
    follows: program,
  });
  assertEquals(last, {
    language: "",
    text: "# no heading\n",
    line: 11,
    follows: undefined,
  });
  assertEquals(more, []);
});

Deno.test("blocksOf() gives nothing when there is no block", () => {
  assertEquals(blocksOf(""), []);
  assertEquals(blocksOf("Prose with `code`.\n"), []);
});

Deno.test("blocksOf() refuses blocks that it might overlook", () => {
  assertThrows(() => blocksOf("```ts\na();\n"), SyntaxError, "line 1");
  assertThrows(() => blocksOf("- x\n  ```ts\n  ```\n"), SyntaxError, "line 2");
});

Deno.test("tablesOf() gives the cells of each table", () => {
  const page = "| a | b |\n| - | :-: |\n| 1 | |\n\n| c |\n|---|\n";
  assertEquals(tablesOf(page), [[["a", "b"], ["1", ""]], [["c"]]]);
});

Deno.test("linksOf() and anchorsOf() leave out what is code", () => {
  const page =
    "# What can't be _done_, `now`\n[a](#b)\n```sh\n# c [d](e)\n```\n[f](g.md)\n";
  assertEquals(linksOf(page), ["#b", "g.md"]);
  assertEquals(anchorsOf(page), new Set(["what-cant-be-_done_-now"]));
});
