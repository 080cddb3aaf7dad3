import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { StringIndex } from "../../../../store/memory/_string_index.ts";
import { anyCharacter } from "../../../support/any_character.ts";

/** An index, and all strings that it was ever given. */
class Strings {
  readonly at = new Map<number, string>();
  readonly index = new StringIndex((place) => this.at.get(place)!);
  #last = 0;

  add(string: string): number {
    this.at.set(++this.#last, string);
    this.index.add(string, this.#last);
    return this.#last;
  }

  forget(upTo: number): void {
    this.index.forget(upTo, Math.max(0, this.at.size - upTo));
  }
}

Deno.test("find() gives undefined when nothing was added", () => {
  const { index } = new Strings();
  assertEquals(index.find("a"), undefined);
  assertEquals(index.find(""), undefined);
});

Deno.test("find() gives the place of each of many strings", () => {
  const strings = new Strings();
  // So many that some have the same hash.
  const count = 300_000;
  for (let i = 1; i <= count; i++) strings.add(`id-${i}`);
  for (let i = 1; i <= count; i++) {
    if (strings.index.find(`id-${i}`) !== i) assertEquals(`id-${i}`, "found");
  }
  assertEquals(strings.index.find("id-0"), undefined);
  assertEquals(strings.index.find(`id-${count + 1}`), undefined);
});

Deno.test("find() gives any place up to 2^32 - 1", () => {
  const places = [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  const index = new StringIndex((place) => `at ${place}`);
  for (const place of places) index.add(`at ${place}`, place);
  for (const place of places) assertEquals(index.find(`at ${place}`), place);
});

Deno.test("find() agrees with a Map whatever is added and forgotten", () => {
  const string = fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 5 }),
    fc.string({ unit: fc.constantFrom("a", "\0", "\uffff"), maxLength: 6 }),
  );
  const step = fc.oneof(
    { weight: 9, arbitrary: fc.record({ add: string }) },
    { weight: 1, arbitrary: fc.record({ forget: fc.nat(200) }) },
  );
  const steps = fc.array(step, { maxLength: 200 });
  fc.assert(fc.property(steps, fc.array(string), (steps, others) => {
    const strings = new Strings();
    const asked = new Set(others);
    const expected = new Map<string, number>();
    for (const step of steps) {
      if ("forget" in step) {
        strings.forget(step.forget);
        for (const [string, place] of expected) {
          if (place <= step.forget) expected.delete(string);
        }
      } else if (!expected.has(step.add)) {
        expected.set(step.add, strings.add(step.add));
        asked.add(step.add);
      }
      for (const string of asked) {
        const [found, wanted] = [
          strings.index.find(string),
          expected.get(string),
        ];
        // Comparing them in depth takes most of the time.
        if (found !== wanted) assertEquals(found, wanted, string);
      }
    }
  }));
});

Deno.test("its table follows the number of strings, up and down", () => {
  const strings = new Strings();
  const least = strings.index.capacity;
  for (let i = 0; i < 100_000; i++) strings.add(`string ${i}`);
  const most = strings.index.capacity;
  assert(most >= 100_000 && most < 300_000, `${most}`);
  strings.forget(50_000);
  assert(strings.index.capacity < most);
  assertEquals(strings.index.find("string 50000"), 50_001);
  strings.forget(100_000);
  assertEquals(strings.index.capacity, least);
  assertEquals(strings.index.find("string 99999"), undefined);
});
