/**
 * The pages of the documentation: the README and those in docs/.
 *
 * @module
 */

import { type Block, blocksOf } from "./markdown.ts";

/** The folder of the repository. */
export const root: URL = new URL("../../", import.meta.url);

/** A page. */
export interface Page {
  /** Its path within the repository, such as `docs/bus.md`. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** The README and every page of docs/, in the order of their names. */
export async function readPages(): Promise<Page[]> {
  const paths = ["README.md"];
  for await (const { name } of Deno.readDir(new URL("docs/", root))) {
    if (name.endsWith(".md")) paths.push(`docs/${name}`);
  }
  return await Promise.all(paths.sort().map(readPage));
}

/** A page by its path within the repository. */
export async function readPage(path: string): Promise<Page> {
  const text = await Deno.readTextFile(new URL(path, root));
  return { path, text, blocks: blocksOf(text) };
}
