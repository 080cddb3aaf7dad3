/**
 * Bundles tests so that they run on the packed package, in any runtime.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { join, relative } from "node:path/posix";
import type { NpmProject } from "../support/npm_project.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Where a bundle runs: with Node's modules, or on web standards alone. */
export type Platform = "node" | "web";

/**
 * Bundles a file of this repository with all that it imports of its tests. What
 * it imports of the library is taken from the installed package, so that there
 * is one copy of it.
 *
 * @param entry Its path, from the root.
 * @returns The bundle's path, in the project's folder.
 */
export async function bundle(
  project: NpmProject,
  entry: string,
  platform: Platform,
): Promise<string> {
  const name = entry.replaceAll("/", "-").replace(/\.ts$/, ".js");
  const outfile = `${project.folder}/${name}`;
  await esbuild.build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
    nodePaths: [`${project.folder}/node_modules`],
    alias: {
      "@std/assert": join(root, "tests/links/assert/mod.ts"),
      ...platform === "node"
        ? { "@nats-io/transport-deno": "@nats-io/transport-node" }
        : {
          "node:assert": join(root, "tests/runtimes/node_assert.ts"),
          "node:util": join(root, "tests/runtimes/_node_util.ts"),
        },
    },
    plugins: [libraryOf(project, platform === "node")],
    ...platform === "node" && { platform, packages: "external" },
  });
  return outfile;
}

/** Ends the bundler's process. */
export async function endBundler(): Promise<void> {
  await esbuild.stop();
}

/** Puts the installed package in the place of this repository's sources. */
function libraryOf(project: NpmProject, external: boolean): esbuild.Plugin {
  return {
    name: "library",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir }) => {
        const file = relative(root, join(resolveDir, path));
        if (file.startsWith("../") || file.startsWith("tests/")) return;
        const module = file.replace(/\.ts$/, ".js");
        return { path: `${project.installed}/${module}`, external };
      });
    },
  };
}
