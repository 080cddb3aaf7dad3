/**
 * Figures as people read them, and the table they stand in.
 *
 * @module
 */

import type { Row, Target } from "./_harness.ts";

/** A number with three digits that count, such as `71.2k` or `0.251`. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value >= 1e6) return `${digits(value / 1e6)}M`;
  if (value >= 1e4) return `${digits(value / 1e3)}k`;
  return digits(value);
}

function digits(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** A figure and its unit. */
export function withUnit(value: number, unit: string): string {
  return `${short(value)} ${unit}`.trimEnd();
}

/** A target, such as `>= 2.50 x` or `<= 2 requests`. */
export function describeTarget(
  { of, atLeast, atMost }: Target,
  unit: string,
): string {
  const show = (bound: number) =>
    of === "ratio" ? `${bound} x` : withUnit(bound, unit);
  if (atLeast === undefined) return `<= ${show(atMost!)}`;
  if (atMost === undefined) return `>= ${show(atLeast)}`;
  return `${atLeast} to ${show(atMost)}`;
}

/** A row's cells: name, figure, reference, ratio, target, met. */
export function cells(row: Row): string[] {
  const { name, figure, unit, reference, ratio, targets, met } = row;
  return [
    name,
    withUnit(figure, unit),
    reference ? `${short(reference.figure)} ${reference.name}` : "",
    ratio === undefined ? "" : `${ratio.toFixed(2)} x`,
    targets?.map((target) => describeTarget(target, unit)).join(", ") ?? "",
    met === undefined ? "" : met ? "yes" : "NO",
  ];
}

/** What the cells are called. */
export const headings: readonly string[] = [
  "row",
  "figure",
  "reference",
  "ratio",
  "target",
  "met",
];

const WIDTHS = [54, 16, 38, 8, 26, 4];

/** Cells in columns, for a terminal. */
export function line(texts: readonly string[]): string {
  return texts.map((text, i) => text.padEnd(WIDTHS[i]!)).join(" ").trimEnd();
}
