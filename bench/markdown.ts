/**
 * Writes the figures of runs into a document, where it has marks for them:
 *
 *     deno run --allow-read --allow-write bench/markdown.ts \
 *       BENCHMARKS.md REPORT.json...
 *
 * Everything between `<!-- figures: THEME -->` and the next `<!-- end -->` is
 * replaced by the theme's table, that of `machine` by what it was taken on.
 * Of several reports the last that has a row counts.
 *
 * @module
 */

import { cells, headings } from "./_figures.ts";
import type { Row } from "./_harness.ts";
import { describe, type Report } from "./_report.ts";

/** A table, its columns aligned as the formatter has them. */
function table(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) =>
    Math.max(3, ...lines.map((cells) => cells[column]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const [head, ...body] = lines;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(head!), rule, ...body.map(line)].join("\n");
}

/** An item of a list, its lines as long as the formatter has them. */
function item(text: string): string {
  const lines = ["-"];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (longer.length <= 80) lines[lines.length - 1] = longer;
    else lines.push(`  ${word}`);
  }
  return lines.join("\n");
}

/** The columns that any row fills. */
function withoutEmpty(lines: readonly (readonly string[])[]): string[][] {
  const filled = lines[0]!.map((_, column) =>
    lines.slice(1).some((cells) => cells[column] !== "")
  );
  return lines.map((cells) => cells.filter((_, column) => filled[column]));
}

/** The rows of a theme as a table, and their notes below it. */
export function themeTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    ...cells(row),
    row.cpu === undefined ? "" : `${Math.round(row.cpu * 100)} %`,
  ]);
  const notes = new Map<string, string[]>();
  for (const { name, note } of rows) {
    if (note) notes.set(note, [...notes.get(note) ?? [], name]);
  }
  const items = [...notes].map(([note, names]) =>
    item(`${names.join("; ")}: ${note}`)
  );
  const all = withoutEmpty([[...headings, "client CPU"], ...lines]);
  return [table(all), ...(items.length > 0 ? ["", ...items] : [])].join("\n");
}

/** What the reports were taken on, and when. */
function machine(reports: readonly Report[]): string {
  const report = reports.at(-1)!;
  const runs = reports.map(({ began, mode, seconds }) =>
    `${mode} run of ${began.slice(0, 10)}, ${Math.round(seconds)} s`
  );
  return [...describe(report), ...runs].map(item).join("\n");
}

/** The document with the figures of the reports. */
export function fill(document: string, reports: readonly Report[]): string {
  const rows = new Map<string, Row>();
  for (const row of reports.flatMap(({ rows }) => rows)) {
    rows.set(`${row.theme}/${row.name}`, row);
  }
  const all = [...rows.values()];
  return document.replace(
    /(<!-- figures: (\S+) -->\n)[^]*?(<!-- end -->)/g,
    (_, open: string, theme: string, close: string) => {
      const own = all.filter((row) => row.theme === theme);
      const content = theme === "machine"
        ? machine(reports)
        : own.length > 0
        ? themeTable(own)
        : "Not measured in this run.";
      return `${open}\n${content}\n\n${close}`;
    },
  );
}

if (import.meta.main) {
  const [document, ...files] = Deno.args;
  if (!document || files.length === 0) {
    throw new TypeError("Usage: markdown.ts DOCUMENT REPORT.json...");
  }
  const reports: Report[] = [];
  for (const file of files) {
    reports.push(JSON.parse(await Deno.readTextFile(file)));
  }
  const filled = fill(await Deno.readTextFile(document), reports);
  await Deno.writeTextFile(document, filled);
}
