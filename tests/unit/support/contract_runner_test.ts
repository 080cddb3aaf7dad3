import { assert, assertEquals } from "@std/assert";

const support = new URL("../../support/", import.meta.url);

/** A file and those it imports, of this repository. */
async function withImports(
  file: URL,
  texts = new Map<string, string>(),
): Promise<Map<string, string>> {
  if (texts.has(file.href)) return texts;
  const text = await Deno.readTextFile(file);
  texts.set(file.href, text);
  for (const [, path] of text.matchAll(/ from "(\.[^"]+)";/g)) {
    await withImports(new URL(path!, file), texts);
  }
  return texts;
}

async function suitesOfContracts(): Promise<string[]> {
  const suites: string[] = [];
  for await (const { name } of Deno.readDir(support)) {
    if (name.endsWith("_contract.ts")) suites.push(name);
  }
  return suites;
}

Deno.test("every contract suite runs on other runtimes", async () => {
  const text = await Deno.readTextFile(
    new URL("../runtimes/suites.ts", support),
  );
  const missing = (await suitesOfContracts()).filter((name) =>
    !text.includes(`"../support/${name}"`)
  );
  assertEquals(missing, []);
});

Deno.test("a contract suite names no runtime, nor does a file that it imports", async () => {
  const suites = await suitesOfContracts();
  assert(suites.length >= 4, `only ${suites}`);
  const naming: string[] = [];
  for (const suite of suites) {
    for (const [file, text] of await withImports(new URL(suite, support))) {
      const code = text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
      const [found] = code.match(/\b(Deno|Bun|process)\.|"(node|bun):/) ?? [];
      if (found !== undefined) naming.push(`${suite}: ${file}: ${found}`);
    }
  }
  assertEquals(naming, []);
});
