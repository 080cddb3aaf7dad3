import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { listActors } from "../../../../../store/jetstream/read/actor_list.ts";
import { resolveActors } from "../../../../../event/filters.ts";

/** A server that gives pages of a few subjects, changed between them. */
class FakeStream {
  readonly #subjects: Set<string>;
  readonly #pageSize: number;
  readonly #change: (subjects: Set<string>, page: number) => void;
  #pages = 0;

  constructor(
    subjects: Iterable<string>,
    pageSize: number,
    change: (subjects: Set<string>, page: number) => void = () => {},
  ) {
    this.#subjects = new Set(subjects);
    this.#pageSize = pageSize;
    this.#change = change;
  }

  subjects(_: string, offset: number) {
    const all = [...this.#subjects].sort();
    const subjects = all.slice(offset, offset + this.#pageSize);
    this.#change(this.#subjects, this.#pages++);
    return Promise.resolve({ subjects, total: all.length });
  }
}

async function list(stream: FakeStream, actors?: string): Promise<string[]> {
  const filter = resolveActors({ actors }, "list");
  const pages: string[][] = await Array.fromAsync(
    listActors(
      (pattern, offset) => stream.subjects(pattern, offset),
      "root",
      filter,
    ),
  );
  return pages.flat();
}

Deno.test("listActors() gives each actor once, whatever the size of pages", async () => {
  for (const count of [0, 1, 2, 3, 4, 5, 10]) {
    const ids = Array.from({ length: count }, (_, i) => `a-${i}`);
    for (const pageSize of [2, 3, 4, 5, 100]) {
      const stream = new FakeStream(ids.map((id) => `root.${id}`), pageSize);
      assertEquals(await list(stream), ids);
    }
  }
});

Deno.test("listActors() passes over what is reserved, no actor id, or left out", async () => {
  const subjects = ["root.$meta.x", "root.a", "root.=zz", "root.b.c", "root.$"];
  assertEquals(await list(new FakeStream(subjects, 2)), ["a", "b.c"]);
  assertEquals(await list(new FakeStream(subjects, 2), "b.*"), ["b.c"]);
});

Deno.test("listActors() gives those who are there throughout once, whoever comes and goes", async () => {
  const id = fc.integer({ min: 0, max: 60 }).map((i) =>
    `a-${String(i).padStart(2, "0")}`
  );
  const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      ids,
      fc.array(fc.tuple(ids, ids), { maxLength: 8 }),
      fc.integer({ min: 2, max: 7 }),
      async (stays, changes, pageSize) => {
        const subjectOf = (id: string) => `root.${id}`;
        const stream = new FakeStream(
          [...stays, ...changes[0]?.[1] ?? []].map(subjectOf),
          pageSize,
          (subjects, page) => {
            const [comes = [], goes = []] = changes[page] ?? [];
            for (const each of goes) {
              if (!stays.includes(each)) subjects.delete(subjectOf(each));
            }
            for (const each of comes) subjects.add(subjectOf(each));
          },
        );
        const found = await list(stream);
        assertEquals(new Set(found).size, found.length);
        for (const each of stays) assert(found.includes(each), each);
      },
    ),
    { numRuns: 500 },
  );
});
