import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeActorId, encodeToken } from "../../../internal/nats/names.ts";
import {
  encodeActorPattern,
  patternTest,
} from "../../../internal/nats/patterns.ts";
import { anyCharacter } from "../../support/any_character.ts";
import { natsMatches } from "../../support/nats_matches.ts";
import type { Partition } from "../../../event/filters.ts";
import { shardOf } from "../../../internal/hash.ts";
import { resolveSubscribe } from "../../../bus/_arguments.ts";
import {
  matches,
  parsePattern,
  spellNamespace,
} from "../../../bus/_namespaces.ts";
import { addressOf, headOf, interestOf } from "../../../bus/_subjects.ts";

const ROOT = "aether.bus";

function subjectOf(
  namespace: string,
  eventType: string,
  actorId: string,
): string {
  const { before, between } = addressOf(ROOT, namespace, "publish event");
  return before + encodeToken(eventType) + between + encodeActorId(actorId);
}

function matchesId(pattern: string, id: string): boolean {
  return patternTest([encodeActorPattern(pattern)])(encodeActorId(id));
}

/** What the documentation says of a pattern and a namespace. */
function means(pattern: string, namespace: string): boolean {
  if (pattern === namespace && !/(^|\.)[*>](\.|$)/.test(pattern)) return true;
  if (/^__.+__$/s.test(namespace)) return false;
  return matchesId(pattern, namespace);
}

const word = fc.constantFrom(
  ...["a", "b", "ab", "__a__", "__", "_", "1", "m", "i", "=2E", "*", ">"],
  ...[" ", "Ä", "€", "\u{1f600}", "-"],
);
const joined = (most: number) =>
  fc.array(word, { minLength: 1, maxLength: most }).map((words) =>
    words.join(".")
  );
const odd = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 9 })
  .filter((text) => text.isWellFormed());
const dotty = fc.stringMatching(/^[.ab]{1,9}$/);
const namespaces = fc.oneof(joined(9), odd, dotty)
  .filter((name) => fits(() => spellNamespace(name, "test")));
const actorIds = fc.oneof(joined(4), odd, dotty);
const eventTypes = fc.oneof(word, odd);
const patterns = fc.oneof(
  joined(9),
  namespaces,
  fc.constantFrom(">", "*", "*.*", "a.>", "*.>", "__a__"),
).filter((pattern) => fits(() => parsePattern(pattern, "test")));
const actorPatterns = fc.oneof(
  joined(4),
  fc.constantFrom(">", "*", "*.*", "a.>", "*.b"),
).filter((pattern) => fits(() => encodeActorPattern(pattern)));

function fits(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

Deno.test("subjects keep namespaces, types and actors apart", () => {
  const triple = fc.tuple(namespaces, eventTypes, actorIds);
  fc.assert(
    fc.property(triple, triple, (a, b) => {
      const same = a.every((part, i) => part === b[i]);
      assertEquals(subjectOf(...a) === subjectOf(...b), same);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("subjects can be published to and told back", () => {
  fc.assert(
    fc.property(namespaces, eventTypes, actorIds, (...triple) => {
      const [namespace, eventType, actorId] = triple;
      const subject = subjectOf(...triple);
      assert(subject.split(".").every((t) => /^[A-Za-z0-9=_-]+$/.test(t)));
      const { actorAt, read } = headOf(ROOT, subject)!;
      assertEquals(read(), { namespace, eventType });
      assertEquals(subject.slice(actorAt), encodeActorId(actorId));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("the longest names make subjects that a server takes", () => {
  for (const namespace of ["a".repeat(128), "ä".repeat(21), "a.".repeat(31)]) {
    const subject = subjectOf(namespace, "t".repeat(256), "a".repeat(2048));
    assert(subject.length < 2_600);
  }
});

Deno.test("a subscription gets what it names, once, and nothing else", () => {
  const filter = fc.record({
    eventTypes: fc.option(
      fc.uniqueArray(eventTypes, { minLength: 1, maxLength: 4 }),
      { nil: undefined },
    ),
    actors: fc.option(
      fc.array(actorPatterns, { minLength: 1, maxLength: 3 }),
      { nil: undefined },
    ),
    actorIds: fc.option(
      fc.array(actorIds, { minLength: 1, maxLength: 3 }),
      { nil: undefined, freq: 2 },
    ),
    partition: fc.option(
      fc.constantFrom<Partition>(
        { count: 2, indexes: [1] },
        { count: 1, indexes: [0] },
      ),
      { nil: undefined, freq: 2 },
    ),
  });
  const events = fc.array(fc.tuple(namespaces, eventTypes, actorIds), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(patterns, filter, events, (pattern, options, events) => {
      const { filter } = resolveSubscribe(pattern, options);
      const { subjects, passes } = interestOf(ROOT, filter);
      for (const [namespace, eventType, actorId] of events) {
        const wanted = means(pattern, namespace) &&
          (options.eventTypes?.includes(eventType) ?? true) &&
          (options.actors?.some((each) => matchesId(each, actorId)) ?? true) &&
          (options.actorIds?.includes(actorId) ?? true) &&
          (options.partition?.indexes.includes(
            shardOf(actorId, options.partition.count),
          ) ?? true);
        const subject = subjectOf(namespace, eventType, actorId);
        const hits = subjects.filter((each) => natsMatches(each, subject));
        assert(hits.length <= 1, `${subject} is on ${hits}`);
        const head = { namespace, eventType };
        const passed = passes?.(head, encodeActorId(actorId)) ?? true;
        assertEquals(hits.length === 1 && passed, wanted, subject);
        // What the server can filter, it filters.
        const deep = namespace.split(".").length > 6;
        const { actors = [">"], actorIds, partition } = options;
        const simple = actors.length === 1 && !actorIds && !partition;
        if (!wanted && !deep && simple) assertEquals(hits, []);
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("a subscription's subjects are disjoint, whatever is on them", () => {
  const token = fc.constantFrom(..."123456mi", "a", "b", "T", "__a__");
  const tokens = fc.array(token, { minLength: 1, maxLength: 11 });
  fc.assert(
    fc.property(patterns, tokens, (pattern, tokens) => {
      const subject = `${ROOT}.${tokens.join(".")}`;
      const options = { eventTypes: ["a", "b", "T"] };
      for (const given of [undefined, options]) {
        const { filter } = resolveSubscribe(pattern, given);
        const { subjects } = interestOf(ROOT, filter);
        assert(
          subjects.filter((each) => natsMatches(each, subject)).length <= 1,
        );
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a subscription asks the server for no more than it wants", () => {
  const subjects = (pattern: string, options = {}) =>
    interestOf(ROOT, resolveSubscribe(pattern, options).filter).subjects;
  assertEquals(subjects("orders"), ["aether.bus.1.*.orders.>"]);
  assertEquals(
    subjects("orders.*", { eventTypes: ["A", "B"], actors: "o.*" }),
    ["aether.bus.2.A.orders.*.o.*", "aether.bus.2.B.orders.*.o.*"],
  );
  assertEquals(subjects("a.b.c.d.e.>"), [
    "aether.bus.6.*.a.b.c.d.e.*.>",
    "aether.bus.m.*.*.>",
  ]);
  assertEquals(subjects("a.b.c.d.e.f.*"), ["aether.bus.m.*.*.>"]);
  assertEquals(subjects("a.b.c.d.e.f.g"), [
    "aether.bus.m.*.a=2Eb=2Ec=2Ed=2Ee=2Ef=2Eg.>",
  ]);
  assertEquals(subjects("__internal__"), ["aether.bus.i.*.__internal__.>"]);
  assertEquals(subjects(">").length, 7);
  const eventTypes = Array.from({ length: 73 }, (_, i) => `T${i}`);
  assertEquals(subjects(">", { eventTypes }).length, 511);
  eventTypes.push("T73");
  assertEquals(subjects(">", { eventTypes }).length, 7);
});

Deno.test("headOf() knows no subject that nothing is published to", () => {
  const strange = [
    "aether.bus",
    "aether.bus.",
    "aether.bus.1",
    "aether.bus.1.T",
    "aether.bus.1.T.orders",
    "aether.bus.0.T.orders.a",
    "aether.bus.7.T.a.b.c.d.e.f.g.a",
    "aether.bus.x.T.orders.a",
    "aether.bus.11.T.orders.a",
    "aether.bus..T.orders.a",
    "aether.bus.1..orders.a",
    "aether.bus.1.T..a",
    "aether.bus.2.T.orders.a",
    "aether.bus.1.T.__x__.a",
    "aether.bus.i.T.orders.a",
    "aether.bus.m.T.orders.a",
    "aether.bus.m.T.a=2Eb.a",
    "aether.bus.1.T.a=2Eb.a",
    "aether.bus.1.=41.orders.a",
    "aether.bus.1.T=.orders.a",
    "aether.bus.1.=FF.orders.a",
    `aether.bus.1.T.${"a".repeat(129)}.a`,
    "other.bus.1.T.orders.a",
  ];
  for (const subject of strange) {
    const head = subject.startsWith(ROOT)
      ? headOf(ROOT, subject)?.read()
      : undefined;
    assertEquals(head, undefined, subject);
  }
});

Deno.test("matches() says of deep namespaces what the pattern means", () => {
  fc.assert(
    fc.property(patterns, namespaces, (pattern, namespace) => {
      const parsed = parsePattern(pattern, "test");
      if (parsed.literal) return;
      assertEquals(
        matches(parsed, spellNamespace(namespace, "test")),
        means(pattern, namespace),
      );
    }),
    { numRuns: 2000 },
  );
});
