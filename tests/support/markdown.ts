/**
 * What a page in Markdown holds, and its programs run.
 *
 * @module
 */

/** A fenced block of a page. */
export interface Block {
  /** What follows the opening fence, such as `ts`; may be empty. */
  readonly language: string;
  /** The lines between the fences, each with its line break. */
  readonly text: string;
  /** The line of the opening fence, counted from 1. */
  readonly line: number;
  /** The block before it, if there is nothing but empty lines between. */
  readonly follows: Block | undefined;
}

/**
 * The fenced blocks of a page, in order.
 *
 * @throws {SyntaxError} If one is not closed, or is not at the start of a line.
 */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  let last: Block | undefined;
  for (const [i, line] of markdown.split("\n").entries()) {
    const fence = /^(\s*)(?:```|~~~)(.*)$/.exec(line);
    if (fence === null) {
      if (open !== undefined) open.lines.push(line);
      else if (line.trim() !== "") last = undefined;
      continue;
    }
    const [, indent, language = ""] = fence;
    if (indent !== "") {
      throw new SyntaxError(`Cannot read page: line ${i + 1} indents a fence`);
    }
    if (open === undefined) {
      open = { language: language.trim(), line: i + 1, lines: [] };
      continue;
    }
    last = {
      language: open.language,
      text: open.lines.map((each) => each + "\n").join(""),
      line: open.line,
      follows: last,
    };
    blocks.push(last);
    open = undefined;
  }
  if (open === undefined) return blocks;
  throw new SyntaxError(
    `Cannot read page: the block of line ${open.line} is not closed`,
  );
}

/** The tables of a page: rows of cells, the heads first, without the rule. */
export function tablesOf(markdown: string): string[][][] {
  const tables: string[][][] = [];
  let rows: string[][] | undefined;
  for (const line of markdown.split("\n")) {
    if (!line.startsWith("|")) rows = undefined;
    else if (rows === undefined) tables.push(rows = [cellsOf(line)]);
    else if (!/^[|\s:-]+$/.test(line)) rows.push(cellsOf(line));
  }
  return tables;
}

function cellsOf(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim());
}

/** Where the links of a page lead to, without those in its blocks. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[^]*?^```$/gm, "");
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link!);
}

/** What the headings of a page can be linked by. */
export function anchorsOf(markdown: string): Set<string> {
  const prose = markdown.replaceAll(/^```[^]*?^```$/gm, "");
  return new Set(
    Array.from(
      prose.matchAll(/^#+ (.*)$/gm),
      ([, heading]) =>
        heading!.toLowerCase().replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
          .replaceAll(" ", "-"),
    ),
  );
}
