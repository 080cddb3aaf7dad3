import { assert, assertEquals } from "@std/assert";
import { seeded } from "../support/history/random.ts";
import { soak } from "../soak/soak.ts";

Deno.test("a store keeps its promises for 20 s of everything at once", async () => {
  const { seed } = seeded("soak");
  const { folder, history, faults } = await soak({
    seed,
    duration: 20_000,
    writers: 3,
    actors: 500,
    inFlight: 50,
  });
  const { violations, outcomes, stored, delivered } = history;
  const [first] = violations;
  const message = first &&
    `${first.kind}: ${first.message}; see deno task soak --check ${folder}`;
  assertEquals(message, undefined);
  const some = [...faults].map(([name, count]) => `${name} ${count}`);
  console.log(`${stored} stored, ${delivered} delivered; ${some.join(", ")}`);
  assert(outcomes.has("saveEvent success"));
  assert(outcomes.has("saveEvents success"));
  assert(outcomes.has("saveEvent conflict"));
  assert(outcomes.has("saveEvent duplicate"));
  assert(outcomes.has("saveEvent GivenUpError"));
  await Deno.remove(folder, { recursive: true });
});
