/**
 * Draws events/s against saves in flight from the figures of a run:
 *
 *     deno run --allow-read --allow-write bench/svg.ts REPORT.json PICTURE.svg
 *
 * @module
 */

import type { Report } from "./_report.ts";
import { CLIENTS, IN_FLIGHT, KINDS } from "./in_flight.ts";

const PANEL = { width: 380, height: 300, left: 56, top: 56, gap: 64 };

const STYLES: Readonly<Record<typeof CLIENTS[number], string>> = {
  "js.publish": "stroke:#b45309",
  "this store": "stroke:#1d4ed8;stroke-width:3",
  "this store without grouping": "stroke:#60a5fa;stroke-dasharray:6 4",
  "raw socket": "stroke:#6b7280;stroke-dasharray:2 3",
};

interface Point {
  readonly kind: string;
  readonly client: string;
  readonly inFlight: number;
  readonly figure: number;
}

function pointsOf({ rows }: Report): Point[] {
  return rows.flatMap(({ theme, point, figure }) =>
    theme === "in-flight" && point
      ? [{ ...point as unknown as Omit<Point, "figure">, figure }]
      : []
  );
}

/** 1, 2 and 5 times each power of ten between two bounds, and one beyond each. */
function ticks(low: number, high: number): number[] {
  const all: number[] = [];
  for (let unit = 1; unit <= 1e9; unit *= 10) {
    all.push(unit, 2 * unit, 5 * unit);
  }
  const first = all.findLastIndex((tick) => tick <= low);
  const last = all.findIndex((tick) => tick >= high);
  return all.slice(Math.max(0, first), last + 1);
}

/** Where a value lies between two others, which are 0 and 1, by its logarithm. */
function share(value: number, low: number, high: number): number {
  return Math.log(value / low) / Math.log(high / low);
}

const markText = (mark: number) =>
  mark < 1_000 ? `${mark}` : `${mark / 1_000}k`;

function text(
  x: number,
  y: number,
  content: string,
  attributes = "",
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${
    content.replaceAll("&", "&amp;")
  }</text>`;
}

function panel(
  kind: string,
  points: readonly Point[],
  marks: readonly number[],
  left: number,
): string[] {
  const { width, height, top } = PANEL;
  const [low, high] = [marks[0]!, marks.at(-1)!];
  const x = (inFlight: number) =>
    left + width * share(inFlight, IN_FLIGHT[0], IN_FLIGHT.at(-1)!);
  const y = (figure: number) => top + height * (1 - share(figure, low, high));
  const parts = [text(left, top - 14, kind, 'class="title"')];
  for (const mark of marks) {
    const at = y(mark).toFixed(1);
    parts.push(
      `<path class="grid" d="M${left} ${at}h${width}"/>`,
      text(left - 6, y(mark) + 4, markText(mark), 'text-anchor="end"'),
    );
  }
  for (const inFlight of IN_FLIGHT) {
    parts.push(
      text(
        x(inFlight),
        top + height + 18,
        String(inFlight),
        'text-anchor="middle"',
      ),
    );
  }
  parts.push(
    text(
      left + width / 2,
      top + height + 38,
      "saves in flight",
      'text-anchor="middle"',
    ),
  );
  for (const client of CLIENTS) {
    const own = points
      .filter((point) => point.kind === kind && point.client === client)
      .sort((a, b) => a.inFlight - b.inFlight)
      .map(({ inFlight, figure }) =>
        `${x(inFlight).toFixed(1)},${y(figure).toFixed(1)}`
      );
    parts.push(
      `<polyline style="${STYLES[client]}" points="${own.join(" ")}"/>`,
    );
  }
  return parts;
}

function legend(left: number, y: number): string[] {
  let x = left;
  return CLIENTS.flatMap((client) => {
    const parts = [
      `<polyline style="${STYLES[client]}" points="${x},${y} ${x + 28},${y}"/>`,
      text(x + 34, y + 4, client),
    ];
    x += 80 + 6.5 * client.length;
    return parts;
  });
}

/** The picture of a run; throws if the run did not measure it. */
export function draw(report: Report): string {
  const points = pointsOf(report);
  if (points.length === 0) {
    throw new RangeError("Cannot draw: the report has no rows of in-flight");
  }
  const figures = points.map(({ figure }) => figure);
  const marks = ticks(Math.min(...figures), Math.max(...figures));
  const { width, height, left, top, gap } = PANEL;
  const full = left + 2 * width + gap + 24;
  const tall = top + height + 84;
  const { machine, versions } = report;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${full} ${tall}" ` +
    `width="${full}" height="${tall}" role="img">`,
    "<title>Events/s against saves in flight</title>",
    "<style>text{font:12px sans-serif;fill:#111827}",
    ".title{font-size:14px;font-weight:600}.note{fill:#6b7280}",
    "polyline{fill:none;stroke-width:2}.grid{stroke:#e5e7eb}</style>",
    `<rect width="${full}" height="${tall}" fill="#fff"/>`,
    text(
      left,
      20,
      `events/s, 200 bytes each; ${machine.cpu}, ${machine.cpus} CPUs; ` +
        `nats-server ${versions["nats-server"]}, Deno ${versions.deno}`,
      'class="note"',
    ),
    ...KINDS.flatMap((kind, i) =>
      panel(kind, points, marks, left + i * (width + gap))
    ),
    ...legend(left, top + height + 62),
    "</svg>",
    "",
  ].join("\n");
}

if (import.meta.main) {
  const [from, to] = Deno.args;
  if (!from || !to) {
    throw new TypeError("Usage: svg.ts REPORT.json PICTURE.svg");
  }
  const report: Report = JSON.parse(await Deno.readTextFile(from));
  await Deno.writeTextFile(to, draw(report));
}
