/**
 * What the compiler says of a program.
 *
 * @module
 */

import { runDeno } from "./doc_program.ts";
import { root } from "./doc_pages.ts";

/** An error of the compiler. */
export interface CompilerError {
  /** What it says, without the places it refers to. */
  readonly message: string;
  /** The line that it points to, without the spaces around it. */
  readonly line: string;
}

/**
 * The type errors of a program that imports this package as its users do.
 *
 * @throws {Error} If it could not be checked at all.
 */
export async function typeErrorsOf(program: string): Promise<CompilerError[]> {
  const folder = await Deno.makeTempDir({ prefix: "aether-types-" });
  try {
    const file = `${folder}/program.ts`;
    await Deno.writeTextFile(file, program);
    const config = new URL("deno.json", root).pathname;
    const { stderr } = await runDeno(["check", "--config", config, file]);
    return parse(stderr, program.split("\n"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function parse(output: string, lines: readonly string[]): CompilerError[] {
  const blocks = output.split(/^TS\d+ \[ERROR\]: /m).slice(1);
  if (blocks.length === 0 && /error/i.test(output)) throw new Error(output);
  return blocks.map((block) => {
    const [, number] = /program\.ts:(\d+):/.exec(block)!;
    const line = lines[Number(number) - 1]!;
    return { message: block.slice(0, block.indexOf(line)), line: line.trim() };
  });
}
