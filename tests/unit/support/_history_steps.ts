import fc from "fast-check";

/** One call of one client. */
export interface Step {
  readonly kind: "save" | "batch" | "again" | "taken" | "read" | "latest";
  readonly store: number;
  readonly actor: number;
  readonly count: number;
  readonly gap: number;
  readonly expects: boolean;
  readonly fate: "known" | "unknown";
  readonly choice: number;
  /** From the beginning to when it counts, and from there to the end. */
  readonly delays: readonly [number, number];
}

/** Any call. */
export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constant("save" as const) },
    { weight: 3, arbitrary: fc.constant("batch" as const) },
    { weight: 3, arbitrary: fc.constant("read" as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "again" as const,
        "taken" as const,
        "latest" as const,
      ),
    },
  ),
  store: fc.nat(3),
  actor: fc.nat(3),
  count: fc.integer({ min: 2, max: 4 }),
  gap: fc.constantFrom(1, 1, 1, 3),
  expects: fc.boolean(),
  fate: fc.constantFrom("known", "known", "known", "unknown"),
  choice: fc.nat(1000),
  delays: fc.tuple(fc.nat(30), fc.nat(30)),
});
