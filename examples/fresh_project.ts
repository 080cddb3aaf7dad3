/**
 * Starts examples/node or examples/browser in a fresh project, with this
 * checkout's package for npm and a server:
 *
 *     deno task example:node
 *     deno task example:browser
 *
 * @module
 */

import * as esbuild from "esbuild";
import { findProgram } from "../tests/runtimes/programs.ts";
import { NatsServer } from "../tests/support/nats_server.ts";
import { NpmProject } from "../tests/support/npm_project.ts";

/** The example's packages but ours, which is packed. */
async function packagesOf(folder: URL): Promise<string[]> {
  const { dependencies } = JSON.parse(
    await Deno.readTextFile(new URL("package.json", folder)),
  ) as { dependencies: Record<string, string> };
  return Object.entries(dependencies)
    .filter(([name]) => name !== "@flowmade-one/aether")
    .map(([name, range]) => `${name}@${range}`);
}

/** Copies an example into a project that has its packages installed. */
export async function copyExample(
  name: "node" | "browser",
  project: NpmProject,
): Promise<void> {
  const folder = new URL(`${name}/`, import.meta.url);
  for await (const { name: file } of Deno.readDir(folder)) {
    if (file === "package.json") continue;
    await Deno.copyFile(new URL(file, folder), `${project.folder}/${file}`);
  }
}

/** Makes a project of an example. */
async function makeProject(name: "node" | "browser"): Promise<NpmProject> {
  const folder = new URL(`${name}/`, import.meta.url);
  const project = await NpmProject.create(await packagesOf(folder));
  await copyExample(name, project);
  return project;
}

/** Runs the example for Node. */
export async function runExample(
  program: string,
  { folder }: NpmProject,
  url: string,
): Promise<Deno.CommandOutput> {
  return await new Deno.Command(program, {
    args: ["main.ts"],
    cwd: folder,
    env: { NATS_URL: url, NO_COLOR: "1" },
  }).output();
}

/** Bundles and serves the page; gives its port. */
export async function servePage(project: NpmProject): Promise<{
  port: number;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const context = await esbuild.context({
    entryPoints: [`${project.folder}/main.ts`],
    outfile: `${project.folder}/main.js`,
    bundle: true,
    format: "esm",
  });
  const { port } = await context.serve({
    host: "127.0.0.1",
    servedir: project.folder,
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      await context.dispose();
      await esbuild.stop();
    },
  };
}

if (import.meta.main) {
  await using server = await NatsServer.start({ websocket: true });
  if (Deno.args[0] === "node") {
    await using project = await makeProject("node");
    const { path } = await findProgram("node22", project.folder);
    const { stdout, stderr, code } = await runExample(
      path,
      project,
      server.url,
    );
    await Deno.stdout.write(stdout);
    await Deno.stderr.write(stderr);
    Deno.exitCode = code;
  } else {
    await using project = await makeProject("browser");
    await using page = await servePage(project);
    console.log(
      `Open http://127.0.0.1:${page.port}/?server=${server.wsUrl} twice; stop with Ctrl+C`,
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    Deno.addSignalListener("SIGINT", resolve);
    await promise;
  }
}
