/**
 * A fresh npm project that has the packed package installed.
 *
 * @module
 */

import { runDeno } from "./doc_program.ts";
import { packForNpm } from "./npm_package.ts";

/** Runs npm in a folder; its failure is an error that carries what it wrote. */
async function npm(folder: string, ...args: string[]): Promise<string> {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const command = ["run", "--quiet", "-A", "npm:npm@11.21.2", ...args];
  const { stdout, stderr, code } = await runDeno(
    [...command, ...quiet, "--ignore-scripts"],
    {},
    folder,
  );
  if (code !== 0) {
    throw new Error(`npm ${args.join(" ")} ended with ${code}: ${stderr}`);
  }
  return stdout;
}

/**
 * A package that deno.json names, as npm is asked for it, such as
 * `@nats-io/nats-core@3.4.0`.
 */
export async function npmPackage(name: string): Promise<string> {
  const { imports } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  ) as { imports: Record<string, string> };
  return imports[name]!.replace(/^(npm|jsr):/, "").replace("@^", "@");
}

/** A folder with a `node_modules`. */
export class NpmProject implements AsyncDisposable {
  /** Its path. */
  readonly folder: string;
  /** The package's archive; empty if there is none. */
  archive = "";

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes a project with the package, packed anew, and others beside it. */
  static async create(packages: readonly string[]): Promise<NpmProject> {
    const folder = await Deno.makeTempDir({ prefix: "aether-npm-" });
    const project = new NpmProject(folder);
    try {
      const json = JSON.stringify({ private: true, type: "module" });
      await Deno.writeTextFile(`${folder}/package.json`, json);
      await packForNpm(project.packed);
      const packed = await npm(folder, "pack", project.packed);
      project.archive = `${folder}/${packed.trim()}`;
      await npm(folder, "install", project.archive, ...packages);
      return project;
    } catch (error) {
      await project[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The package's folder, before it is installed. */
  get packed(): string {
    return `${this.folder}/packed`;
  }

  /** The package's folder, as it is installed. */
  get installed(): string {
    return `${this.folder}/node_modules/@flowmade-one/aether`;
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
