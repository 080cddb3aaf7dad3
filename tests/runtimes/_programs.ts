/**
 * Node and Bun: those on PATH, or the binaries that npm packages hold.
 *
 * @module
 */

import { runDeno } from "../support/doc_program.ts";

/** A runtime that tests can be run on. */
export interface Program {
  /** What it is called in commands. */
  readonly name: string;
  /** Its command on PATH. */
  readonly command: "node" | "bun";
  /** The version it must have: what its number begins with. */
  readonly version: string;
}

/** Every runtime that npm packages hold. */
export const PROGRAMS: readonly Program[] = [
  { name: "node22", command: "node", version: "22" },
  { name: "node24", command: "node", version: "24" },
  { name: "bun", command: "bun", version: "1" },
];

/** A runtime that is there. */
export interface FoundProgram {
  /** Its name and whole version. */
  readonly title: string;
  /** The path of its binary, or its command. */
  readonly path: string;
}

/**
 * Finds a runtime, or installs its binary into a folder.
 *
 * @throws If it is not there and not to be had.
 */
export async function findProgram(
  program: Program,
  folder: string,
): Promise<FoundProgram> {
  const { command } = program;
  const onPath = await ask(command);
  if (onPath && fits(onPath, program)) {
    return { title: `${command} ${onPath}`, path: command };
  }
  const path = await install(program, folder);
  const installed = await ask(path);
  if (!installed) throw new Error(`${path} does not run`);
  return { title: `${command} ${installed}`, path };
}

function fits(version: string, { version: wanted }: Program): boolean {
  return version.startsWith(`${wanted}.`);
}

/** The version that a runtime gives; undefined if it does not run. */
async function ask(path: string): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(path, {
      args: ["--version"],
      stderr: "null",
    }).output();
    if (!success) return undefined;
    return new TextDecoder().decode(stdout).trim().replace(/^v/, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Installs the package of this machine's binary, which no script has to fetch. */
async function install(
  { name, command, version }: Program,
  folder: string,
): Promise<string> {
  const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const system = `${Deno.build.os}-${arch}`;
  const dependency = command === "bun"
    ? `@oven/bun-${system.replace("arm64", "aarch64")}`
    : system === "darwin-arm64"
    ? `node-bin-${system}`
    : `node-${system}`;
  const project = `${folder}/${name}`;
  await Deno.mkdir(project);
  await Deno.writeTextFile(
    `${project}/package.json`,
    JSON.stringify({ dependencies: { [dependency]: version } }),
  );
  const { code, stderr } = await runDeno(["install", "--quiet"], {}, project);
  if (code !== 0) throw new Error(stderr.trim());
  return `${project}/node_modules/${dependency}/bin/${command}`;
}
