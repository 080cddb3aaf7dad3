import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type OptionNames, optionsOf } from "../../../internal/arguments.ts";

interface Options {
  limit?: number | undefined;
  signal?: AbortSignal | undefined;
}

const names: OptionNames<Options> = { limit: true, signal: true };

// deno-lint-ignore no-explicit-any
type Wrong = any;

Deno.test("optionsOf() gives what it was given, or an empty object", () => {
  const options = Object.freeze({ limit: 1 });
  assertStrictEquals(optionsOf(options, names, "read"), options);
  assertEquals(optionsOf(undefined, names, "read"), {});
});

Deno.test("optionsOf() refuses what is no object", () => {
  for (const options of [null, 1, "limit", [], () => {}] as Wrong[]) {
    assertThrows(
      () => optionsOf(options, names, "read"),
      TypeError,
      "Cannot read: options must be an object, got ",
    );
  }
});

Deno.test("optionsOf() names the nearest option when one is unknown", () => {
  assertThrows(
    () => optionsOf({ limits: 1 } as Wrong, names, "read"),
    TypeError,
    'Cannot read: there is no option "limits"; did you mean limit?',
  );
});

Deno.test("optionsOf() names all options when none is near", () => {
  for (const name of ["toString", "order", "__proto__"]) {
    assertThrows(
      () => optionsOf(JSON.parse(`{ "${name}": 1 }`), names, "read"),
      TypeError,
      `Cannot read: there is no option "${name}"; there are limit, signal`,
    );
  }
});

Deno.test("optionsOf() takes objects without a prototype", () => {
  const options = Object.assign(Object.create(null), { limit: 1 });
  assertEquals(optionsOf<Options>(options, names, "read").limit, 1);
});
