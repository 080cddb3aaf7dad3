import { assert, assertStrictEquals } from "@std/assert";
import { deepFreeze } from "../../../event/deep_freeze.ts";

Deno.test("deepFreeze() freezes plain objects and arrays, and gives them back", () => {
  const bare: { list: unknown[] } = Object.assign(Object.create(null), {
    list: [[]],
  });
  const value = { list: [{ a: {} }], none: null, bare };
  assertStrictEquals(deepFreeze(value), value);
  const all = [value, value.list, value.list[0], value.list[0]!.a, bare];
  for (const frozen of [...all, bare.list, bare.list[0]]) {
    assert(Object.isFrozen(frozen));
  }
});

Deno.test("deepFreeze() leaves everything else as it is", () => {
  class Money {
    parts = [1];
  }
  for (const value of [undefined, null, 1, "a", Symbol("a"), 1n]) {
    assertStrictEquals(deepFreeze(value), value);
  }
  const inner = {};
  const others = [
    new Money(),
    new Map([["a", inner]]),
    new Set([inner]),
    new Date(0),
    new Uint8Array(2),
    () => inner,
  ];
  deepFreeze({ others });
  for (const other of others) assert(!Object.isFrozen(other));
  assert(!Object.isFrozen(inner));
});

Deno.test("deepFreeze() goes no further than what is frozen", () => {
  const inner = {};
  deepFreeze({ known: Object.freeze([inner]) });
  assert(!Object.isFrozen(inner));
});

Deno.test("deepFreeze() takes cycles, and lists of any length", () => {
  interface Link {
    next?: Link;
  }
  const last: Link = {};
  let first = last;
  for (let i = 0; i < 100_000; i++) first = { next: first };
  last.next = first;
  deepFreeze(first);
  assert(Object.isFrozen(last));
});
