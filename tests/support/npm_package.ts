/**
 * The package for npm: the same files as on JSR, as JavaScript with types.
 *
 * @module
 */

import { gunzip, untar } from "./_archive.ts";
import { runDeno } from "./doc_program.ts";
import { writePackage } from "./package_copy.ts";

/** What only those who work on the package need. */
const LEFT_OUT: readonly string[] = ["CONTRIBUTING.md"];

/** The package.json that `deno pack` writes, as far as it is changed here. */
interface PackageJson {
  dependencies: Record<string, string>;
  [field: string]: unknown;
}

/** Writes the package for npm into a folder, which is empty or not there. */
export async function packForNpm(folder: string): Promise<void> {
  const scratch = await Deno.makeTempDir({ prefix: "aether-pack-" });
  try {
    await writePackage(scratch, { npm: true });
    const archive = `${scratch}/package.tgz`;
    const args = ["pack", "--allow-dirty", "--no-source-maps", "-o", archive];
    const { stderr, code } = await runDeno(args, {}, scratch);
    if (code !== 0) throw new Error(`deno pack failed: ${stderr}`);
    for (const file of untar(await gunzip(await Deno.readFile(archive)))) {
      const path = file.path.slice("package/".length);
      if (LEFT_OUT.includes(path)) continue;
      const target = `${folder}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), {
        recursive: true,
      });
      await Deno.writeFile(target, file.content);
    }
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
  const path = `${folder}/package.json`;
  const json = describePackage(JSON.parse(await Deno.readTextFile(path)));
  await Deno.writeTextFile(path, `${JSON.stringify(json, null, 2)}\n`);
}

/** Adds what `deno pack` does not know. */
function describePackage(
  { dependencies, ...given }: PackageJson,
): Record<string, unknown> {
  return {
    ...given,
    description: "Event sourcing on NATS JetStream",
    // A bundler may leave out each file whose exports nobody uses.
    sideEffects: false,
    engines: { node: ">=22" },
    // The user's connection and the library share one copy of the client.
    peerDependencies: dependencies,
  };
}
