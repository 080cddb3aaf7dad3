/**
 * Node and Bun: those on PATH, or the binaries that npm packages hold.
 *
 * @module
 */

import { runDeno } from "../support/doc_program.ts";
import { UnavailableError } from "./_report.ts";

/** A runtime that npm packages hold. */
export type ProgramName = "node22" | "node24" | "bun";

/** The command, and the first number of the version, that each must have. */
const PROGRAMS: Readonly<Record<ProgramName, readonly [string, string]>> = {
  node22: ["node", "22"],
  node24: ["node", "24"],
  bun: ["bun", "1"],
};

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
 * @throws {UnavailableError} If it is not there and not to be had.
 */
export async function findProgram(
  name: ProgramName,
  folder: string,
): Promise<FoundProgram> {
  const [command, version] = PROGRAMS[name];
  const onPath = await ask(command);
  if (onPath?.startsWith(`${version}.`)) {
    return { title: `${command} ${onPath}`, path: command };
  }
  const path = await install(command, version, `${folder}/${name}`);
  const installed = await ask(path);
  if (!installed) throw new UnavailableError(`${path} does not run`);
  return { title: `${command} ${installed}`, path };
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
  command: string,
  version: string,
  folder: string,
): Promise<string> {
  const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const system = `${Deno.build.os}-${arch}`;
  const dependency = command === "bun"
    ? `@oven/bun-${system.replace("arm64", "aarch64")}`
    : system === "darwin-arm64"
    ? `node-bin-${system}`
    : `node-${system}`;
  await installPackages(folder, { [dependency]: version });
  return `${folder}/node_modules/${dependency}/bin/${command}`;
}

/**
 * Makes a folder with npm packages.
 *
 * @throws {UnavailableError} If they are not to be had.
 */
export async function installPackages(
  folder: string,
  dependencies: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(folder);
  const json = JSON.stringify({ dependencies });
  await Deno.writeTextFile(`${folder}/package.json`, json);
  const { code, stderr } = await runDeno(["install", "--quiet"], {}, folder);
  if (code !== 0) throw new UnavailableError(stderr.trim().split("\n")[0]!);
}
