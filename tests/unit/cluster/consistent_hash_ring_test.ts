import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ConsistentHashRing } from "../../../cluster/consistent_hash_ring.ts";
import { hashText } from "../../../internal/hash.ts";

type Nodes = ReadonlyMap<string, number>;

/** All points, sorted: what the ring does, without an index. */
class PlainRing {
  readonly #points: [place: number, id: string][];

  constructor(nodes: Nodes, virtualNodes: number) {
    this.#points = [...nodes].flatMap(([id, weight]) =>
      Array.from(
        { length: Math.max(1, Math.round(weight * virtualNodes)) },
        (_, k): [number, string] => [hashText(`${id}#${k}`), id],
      )
    );
    this.#points.sort(([a, id], [b, other]) => a - b || (id < other ? -1 : 1));
  }

  getNodes(key: string, n: number): string[] {
    const hash = hashText(key);
    const first = this.#points.findIndex(([place]) => place >= hash);
    const at = first < 0 ? 0 : first;
    const order = [...this.#points.slice(at), ...this.#points.slice(0, at)];
    return [...new Set(order.map(([, id]) => id))].slice(0, n);
  }
}

function ringOf(nodes: Nodes, virtualNodes?: number): ConsistentHashRing {
  const ring = new ConsistentHashRing(
    virtualNodes === undefined ? {} : { virtualNodes },
  );
  for (const [id, weight] of nodes) ring.addNode(id, { weight });
  return ring;
}

function ringOfNodes(count: number): ConsistentHashRing {
  const ids = Array.from({ length: count }, (_, i) => `node-${i}`);
  return ringOf(new Map(ids.map((id) => [id, 1])));
}

const keys = Array.from({ length: 1024 }, (_, i) => `order-${i}`);

function owners(ring: ConsistentHashRing): (string | undefined)[] {
  return keys.map((key) => ring.getNode(key));
}

Deno.test("ConsistentHashRing gives the golden vectors", () => {
  // Worked out by another program in another language.
  const ring = ringOf(new Map([["eu-1", 1], ["eu-2", 1], ["us-1", 2]]));
  for (
    const [key, ...expected] of [
      ["", "us-1", "eu-2", "eu-1"],
      ["a", "us-1", "eu-1", "eu-2"],
      ["order-1", "eu-2", "us-1", "eu-1"],
      ["order-2", "eu-1", "us-1", "eu-2"],
      ["account-7", "eu-2", "eu-1", "us-1"],
      ["bestellung-ä-1", "eu-1", "us-1", "eu-2"],
      ["😀", "eu-1", "us-1", "eu-2"],
    ] as const
  ) assertEquals(ring.getNodes(key, 3), expected, key);
  const nodes = [0, 1, 2, 3, 4].map((i): [string, number] => [`node-${i}`, 1]);
  const small = ringOf(new Map(nodes), 3);
  for (
    const [key, expected] of [
      ["a", [3, 0, 1, 2, 4]],
      ["b", [3, 2, 1, 4, 0]],
      ["c", [0, 1, 2, 3, 4]],
      ["order-1", [1, 4, 2, 0, 3]],
    ] as const
  ) assertEquals(small.getNodes(key, 5), expected.map((i) => `node-${i}`), key);
});

Deno.test("getNode() gives undefined and getNodes() nothing when there is no node", () => {
  const ring = new ConsistentHashRing();
  assertEquals([ring.getNode("a"), ring.getNodes("a", 3)], [undefined, []]);
  assertEquals([ring.removeNode("a"), ring.nodes()], [false, []]);
  ring.addNode("a");
  assertEquals([ring.getNode(""), ring.getNodes("", 3)], ["a", ["a"]]);
  assertEquals(ring.getNodes("", 0), []);
  assertEquals([ring.removeNode("a"), ring.removeNode("a")], [true, false]);
  assertEquals([ring.getNode("a"), ring.getNodes("a", 3)], [undefined, []]);
});

Deno.test("nodes() gives ids in the order of adding, each once", () => {
  const ring = ringOf(new Map([["b", 1], ["a", 1], ["c", 1]]));
  ring.addNode("b", { weight: 3 });
  ring.removeNode("a");
  ring.addNode("a");
  assertEquals(ring.nodes(), ["b", "c", "a"]);
});

Deno.test("ConsistentHashRing refuses bad arguments", () => {
  const ring = new ConsistentHashRing();
  const any = (value: unknown) => value as never;
  for (const id of [undefined, 1, "a\ud800"]) {
    assertThrows(() => ring.addNode(any(id)), TypeError, "Cannot add node: id");
    assertThrows(() => ring.removeNode(any(id)), TypeError, "remove node: id");
  }
  assertThrows(
    () => ring.addNode(""),
    RangeError,
    'a non-empty string, got ""',
  );
  assertThrows(() => ring.addNode("a", any(2)), TypeError, "options");
  for (const weight of [0, -1, 0.009, 100.1, NaN, Infinity]) {
    const message = `weight must be a number from 0.01 to 100, got ${weight}`;
    assertThrows(() => ring.addNode("a", { weight }), RangeError, message);
  }
  const weight = any("1");
  assertThrows(() => ring.addNode("a", { weight }), TypeError, "weight");
  for (const virtualNodes of [0, 1.5, 10_001, NaN]) {
    const make = () => new ConsistentHashRing({ virtualNodes });
    assertThrows(make, RangeError, "virtualNodes must be an integer from 1");
  }
  assertThrows(() => new ConsistentHashRing(any("a")), TypeError, "options");
  const misspelt = any({ virtualNode: 1 });
  const message = "did you mean virtualNodes?";
  assertThrows(() => new ConsistentHashRing(misspelt), TypeError, message);
  const wait = any({ wait: 1 });
  assertThrows(() => ring.addNode("a", wait), TypeError, 'no option "wait"');
  assertThrows(() => ring.getNode(any(1)), TypeError, "get node: key");
  assertThrows(() => ring.getNodes(any(1), 1), TypeError, "get nodes: key");
  assertThrows(() => ring.getNodes("a", -1), RangeError, "get nodes: n must");
  assertThrows(() => ring.getNodes("a", 1.5), RangeError, "get nodes: n must");
  assertEquals(ring.nodes(), []);
});

Deno.test("ConsistentHashRing agrees with a sorted list whatever is done", () => {
  const id = fc.constantFrom("a", "b", "c", "node-1", "node-2", "ä", "a#1");
  const weight = fc.constantFrom(0.01, 0.5, 1, 1, 2, 7.3);
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: id, weight }) },
    { weight: 1, arbitrary: fc.record({ remove: id }) },
  );
  fc.assert(fc.property(
    fc.array(step, { maxLength: 20 }),
    fc.integer({ min: 1, max: 40 }),
    fc.array(fc.string(), { maxLength: 20 }),
    (steps, virtualNodes, keys) => {
      const nodes = new Map<string, number>();
      const ring = new ConsistentHashRing({ virtualNodes });
      for (const step of steps) {
        if ("add" in step) {
          nodes.set(step.add, step.weight);
          ring.addNode(step.add, { weight: step.weight });
        } else {
          assertEquals(ring.removeNode(step.remove), nodes.delete(step.remove));
        }
      }
      assertEquals(ring.nodes(), [...nodes.keys()]);
      const plain = new PlainRing(nodes, virtualNodes);
      // Keys that are named as points lie exactly on them.
      for (
        const key of [
          ...keys,
          ...[...nodes.keys()].map((id) => `${id}#0`),
        ]
      ) {
        const expected = plain.getNodes(key, 7);
        for (const n of [0, 1, 2, 7, 100]) {
          assertEquals(ring.getNodes(key, n), expected.slice(0, n));
        }
        assertEquals(ring.getNode(key), expected[0]);
      }
    },
  ));
});

Deno.test("ConsistentHashRing does not depend on the order of adding, where points meet either", () => {
  // Point 99 of the one and point 10 of the other have the same hash.
  const tied = ["node-89", "node-1698"];
  assertEquals(hashText("node-89#99"), hashText("node-1698#10"));
  for (const order of [tied, tied.toReversed()]) {
    const ring = ringOf(new Map(order.map((id) => [id, 1])));
    assertEquals(ring.getNodes("node-89#99", 2), ["node-1698", "node-89"]);
    ring.removeNode("node-1698");
    assertEquals(ring.getNode("node-89#99"), "node-89");
    ring.addNode("node-1698");
    ring.removeNode("node-89");
    assertEquals(ring.getNode("node-89#99"), "node-1698");
  }
});

Deno.test("adding and removing a node moves only the keys it must", () => {
  for (const weight of [0.3, 1, 2.5]) {
    const ring = ringOfNodes(10);
    const before = owners(ring);
    ring.addNode("new", { weight });
    const after = owners(ring);
    let moved = 0;
    after.forEach((owner, i) => {
      if (owner === before[i]) return;
      assertEquals(owner, "new");
      moved++;
    });
    assert(moved > 0);
    // More weight only takes keys to it, less only away from it.
    ring.addNode("new", { weight: weight * 2 });
    const heavier = owners(ring);
    after.forEach((owner, i) => {
      if (heavier[i] !== owner) assertEquals(heavier[i], "new");
    });
    ring.addNode("new", { weight });
    assertEquals(owners(ring), after);
    ring.removeNode("new");
    assertEquals(owners(ring), before);
  }
});

Deno.test("getNodes() begins with the node that a key moves to", () => {
  const ring = ringOfNodes(5);
  for (const key of keys.slice(0, 100)) {
    const [first, second] = ring.getNodes(key, 2);
    ring.removeNode(first!);
    assertEquals(ring.getNode(key), second);
    ring.addNode(first!);
  }
});

Deno.test("ConsistentHashRing spreads keys evenly, and by weight", () => {
  for (const [count, most] of [[3, 1.15], [10, 1.3], [100, 2.2]] as const) {
    const counts = new Map<string, number>();
    for (const owner of owners(ringOfNodes(count))) {
      counts.set(owner!, (counts.get(owner!) ?? 0) + 1);
    }
    const fullest = Math.max(...counts.values()) / (keys.length / count);
    assert(fullest < most, `${count} nodes: ${fullest}`);
  }
  const ring = ringOf(new Map([["a", 1], ["b", 1], ["heavy", 2]]));
  const heavy = owners(ring).filter((owner) => owner === "heavy").length;
  assert(Math.abs(heavy / keys.length - 0.5) < 0.1, `${heavy}`);
});

Deno.test("a thousand nodes come and go in whichever order", () => {
  const ring = ringOfNodes(1000);
  for (let i = 0; i < 997; i++) ring.removeNode(`node-${(i * 7) % 997}`);
  assertEquals(ring.nodes(), ["node-997", "node-998", "node-999"]);
  const fresh = ringOf(
    new Map([["node-997", 1], ["node-998", 1], ["node-999", 1]]),
  );
  assertEquals(owners(ring), owners(fresh));
});
