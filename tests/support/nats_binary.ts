/**
 * Finds a nats-server to run, and gets one where there is none.
 *
 * @module
 */

import { installFromArchive, installWithGo } from "./_nats_install.ts";
import { describe, runTool, type ToolEnv } from "./_tool.ts";

/** The release that is got when the machine has no nats-server. */
export const NATS_SERVER_VERSION = "2.15.2";

/** The oldest release that is taken when no version is asked for. */
export const OLDEST_NATS_SERVER_VERSION = "2.12.0";

/** Where official releases are, unless `NATS_SERVER_RELEASES` names another place. */
export const NATS_SERVER_RELEASES =
  "https://github.com/nats-io/nats-server/releases/download";

/** Where a nats-server was found. */
export type NatsBinarySource =
  | "NATS_SERVER"
  | "PATH"
  | "cache"
  | "go install"
  | "release archive";

/** A nats-server that runs on this machine. */
export interface NatsBinary {
  /** The file to run. */
  readonly path: string;
  /** What it says its version is, without a `v`: `2.15.2`. */
  readonly version: string;
  /** Where it was found. */
  readonly source: NatsBinarySource;
}

/** What {@linkcode findNatsServer} is to look for, and where. */
export interface FindNatsServerOptions {
  /**
   * An exact version (`"2.11.17"`) or the newest of a line (`"2.11.x"`).
   * Without it, anything from 2.12 on will do.
   */
  version?: string | undefined;
  /** All of the environment to look in, in the place of this process's own. */
  env?: Record<string, string> | undefined;
  /** Is told, a line each, of what takes long. */
  onProgress?: ((line: string) => void) | undefined;
}

/** No nats-server was found, and none could be got. */
export class NatsServerNotFoundError extends Error {
  /** What was tried, in order, and why it did not do. */
  readonly tried: readonly string[];

  /** Makes the error from the version that was looked for and what was tried. */
  constructor(wanted: string, tried: readonly string[]) {
    super(
      `Cannot find nats-server ${wanted}:\n` +
        tried.map((line) => `  - ${line}\n`).join("") +
        `Install nats-server ${wanted} (https://nats.io/download) and put it ` +
        "on PATH or name it in NATS_SERVER, or install Go 1.24 or newer " +
        "(https://go.dev/dl) and run this again",
    );
    this.name = "NatsServerNotFoundError";
    this.tried = tried;
  }
}

const found = new Map<string, Promise<NatsBinary>>();

/**
 * Finds nats-server: what `NATS_SERVER` names, else the one on `PATH`, else the
 * newest in the cache folder (`aether` in `XDG_CACHE_HOME` or `~/.cache`), else
 * one made there with `go install`, else one from the official release
 * archive, whose checksum must be the release's.
 *
 * One whose version does not fit is passed over. Any number of processes may
 * call this at once: the cache never holds half a file. The answer for this
 * process's own environment is remembered.
 *
 * @throws {NatsServerNotFoundError} when nothing of that led to a nats-server;
 * the message says what was tried and what to install.
 * @throws {RangeError} when `version` is neither `1.2.3` nor `1.2.x`.
 */
export function findNatsServer(
  { version, env, onProgress }: FindNatsServerOptions = {},
): Promise<NatsBinary> {
  if (version !== undefined && !/^\d+\.\d+\.(\d+|x)$/.test(version)) {
    return Promise.reject(
      new RangeError(
        `Cannot find nats-server: version "${version}" is neither 1.2.3 nor 1.2.x`,
      ),
    );
  }
  if (env !== undefined) {
    return search(version, { vars: env, inherit: false }, onProgress);
  }
  const key = version ?? "";
  let promise = found.get(key);
  if (promise === undefined) {
    promise = search(version, ownEnv(), onProgress);
    found.set(key, promise);
    promise.catch(() => found.delete(key));
  }
  return promise;
}

/** The variables that matter here, so that a test need not be permitted to read the others. */
function ownEnv(): ToolEnv {
  const vars: Record<string, string> = {};
  for (
    const name of [
      "NATS_SERVER",
      "NATS_SERVER_RELEASES",
      "PATH",
      "HOME",
      "XDG_CACHE_HOME",
      "GOPATH",
    ]
  ) {
    const value = Deno.env.get(name);
    if (value !== undefined) vars[name] = value;
  }
  return { vars, inherit: true };
}

async function search(
  version: string | undefined,
  env: ToolEnv,
  onProgress: (line: string) => void = () => {},
): Promise<NatsBinary> {
  const { vars } = env;
  const wanted = version ?? `${OLDEST_NATS_SERVER_VERSION} or newer`;
  const tried: string[] = [];

  /** What `path` is, if it will do; else a line on why not. */
  async function check(
    path: string,
    source: NatsBinarySource,
  ): Promise<NatsBinary | undefined> {
    const has = await versionOf(path, env);
    if (has === undefined) {
      tried.push(`${source}: ${path} does not run as nats-server`);
    } else if (!fits(has, version)) {
      tried.push(`${source}: ${path} is ${has}`);
    } else {
      return { path, version: has, source };
    }
  }

  if (vars.NATS_SERVER) {
    const binary = await check(vars.NATS_SERVER, "NATS_SERVER");
    if (binary !== undefined) return binary;
  } else {
    tried.push("NATS_SERVER: not set");
  }

  const onPath = await which("nats-server", vars);
  if (onPath !== undefined) {
    const binary = await check(onPath, "PATH");
    if (binary !== undefined) return binary;
  } else {
    tried.push("PATH: no nats-server");
  }

  const cache = cacheFolder(vars);
  if (cache === undefined) {
    tried.push("cache: neither XDG_CACHE_HOME nor HOME is set");
    throw new NatsServerNotFoundError(wanted, tried);
  }
  await Deno.mkdir(cache, { recursive: true });

  const cached = await searchCache(cache, version, check);
  if (cached !== undefined) return cached;
  tried.push(`cache: nothing that will do in ${cache}`);

  // Whoever waits here finds, most likely, in the cache what it waited for.
  using lock = await Deno.open(`${cache}/lock`, { create: true, write: true });
  await lock.lock(true);
  const meanwhile = await searchCache(cache, version, check);
  if (meanwhile !== undefined) return meanwhile;

  // Whoever holds the lock is the only one at work: the rest is of the killed.
  for await (const { name } of Deno.readDir(cache)) {
    if (!name.startsWith("new-")) continue;
    await Deno.remove(`${cache}/${name}`, { recursive: true });
  }

  const go = await which("go", vars);
  const ways = [
    [
      "go install",
      () => installWithGo({ go, cache, version, env, onProgress }),
    ],
    ["release archive", () =>
      installFromArchive({
        cache,
        version,
        releases: vars.NATS_SERVER_RELEASES || NATS_SERVER_RELEASES,
        onProgress,
      })],
  ] as const;
  for (const [source, install] of ways) {
    try {
      const made = await install();
      try {
        // Only a file that runs and is what it should be gets the final name.
        const has = await versionOf(made.path, env);
        if (has === undefined || !fits(has, version)) {
          throw new Error(`what came says it is ${has ?? "no nats-server"}`);
        }
        const path = `${cache}/nats-server-${has}`;
        await Deno.rename(made.path, path);
        return { path, version: has, source };
      } finally {
        await Deno.remove(made.folder, { recursive: true });
      }
    } catch (error) {
      tried.push(`${source}: ${describe(error)}`);
    }
  }
  throw new NatsServerNotFoundError(wanted, tried);
}

async function searchCache(
  cache: string,
  version: string | undefined,
  check: (
    path: string,
    source: NatsBinarySource,
  ) => Promise<NatsBinary | undefined>,
): Promise<NatsBinary | undefined> {
  const versions: string[] = [];
  for await (const { name } of Deno.readDir(cache)) {
    const has = /^nats-server-(\d+\.\d+\.\d+)$/.exec(name)?.[1];
    if (has !== undefined && fits(has, version)) versions.push(has);
  }
  versions.sort((a, b) => compareVersions(b, a));
  for (const has of versions) {
    const binary = await check(`${cache}/nats-server-${has}`, "cache");
    if (binary !== undefined) return binary;
  }
}

/** The folder that keeps what was got, `undefined` where there is none. */
function cacheFolder(
  vars: Readonly<Record<string, string>>,
): string | undefined {
  if (vars.XDG_CACHE_HOME) return `${vars.XDG_CACHE_HOME}/aether`;
  if (vars.HOME) return `${vars.HOME}/.cache/aether`;
}

/** Whether version `has` is what was asked for. */
function fits(has: string, version: string | undefined): boolean {
  if (version === undefined) {
    return compareVersions(has, OLDEST_NATS_SERVER_VERSION) >= 0;
  }
  return version.endsWith(".x")
    ? has.startsWith(version.slice(0, -1))
    : has === version;
}

/** Less than, equal to or greater than 0 as `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

async function versionOf(
  path: string,
  env: ToolEnv,
): Promise<string | undefined> {
  try {
    const text = await runTool(path, ["--version"], env);
    // A pre-release is not the release of that number.
    return /^nats-server: v(\d+\.\d+\.\d+)\s*$/m.exec(text)?.[1];
  } catch {
    return undefined;
  }
}

async function which(
  name: string,
  vars: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  for (const folder of (vars.PATH ?? "").split(":")) {
    if (folder === "") continue;
    try {
      const path = `${folder}/${name}`;
      const { isFile, mode } = await Deno.stat(path);
      if (isFile && (mode === null || (mode & 0o111) !== 0)) return path;
    } catch {
      // Not there.
    }
  }
}
