import { gunzip, untarFile } from "./_archive.ts";
import { runTool, type ToolEnv } from "./_tool.ts";

/** What an installer made: a file, in a folder of its own that may go when the file has been moved away. */
export interface Installed {
  readonly path: string;
  readonly folder: string;
}

/** The newest release that each Go version builds, newest first. */
const GO_BUILDS: readonly { go: [number, number]; server: string }[] = [
  { go: [1, 26], server: "2.15.2" },
  { go: [1, 25], server: "2.14.9" },
  { go: [1, 24], server: "2.12.15" },
];

/** The release to download for a line of releases. */
const NEWEST: Readonly<Record<string, string>> = {
  "2.15.x": "2.15.2",
  "2.14.x": "2.14.9",
  "2.12.x": "2.12.15",
  "2.11.x": "2.11.17",
};

/** Makes a temporary folder in the cache, hands it to `fill`, and removes it again if that fails. */
async function inNewFolder(
  cache: string,
  fill: (folder: string) => Promise<string>,
): Promise<Installed> {
  const folder = await Deno.makeTempDir({ dir: cache, prefix: "new-" });
  try {
    return { path: await fill(folder), folder };
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** Builds nats-server from its Go module; without a version, the newest that the Go at hand builds. */
export async function installWithGo(
  { go, cache, version, env, onProgress }: {
    go: string | undefined;
    cache: string;
    version: string | undefined;
    env: ToolEnv;
    onProgress: (line: string) => void;
  },
): Promise<Installed> {
  if (go === undefined) throw new Error("no go on PATH");
  // Without a home, Go asks for a place for its modules.
  const homeless = !env.vars.HOME && !env.vars.GOPATH;
  const vars = { ...env.vars, ...(homeless && { GOPATH: `${cache}/go` }) };
  const has = (await runTool(go, ["env", "GOVERSION"], { ...env, vars }))
    .trim();
  // "@v2.11" is Go's own way to ask for the newest 2.11 release.
  const query = version?.replace(/\.x$/, "") ?? newestFor(has);
  return await inNewFolder(cache, async (folder) => {
    const module = `github.com/nats-io/nats-server/v2@v${query}`;
    onProgress(`go install ${module} (a minute or so)`);
    await runTool(go, ["install", module], {
      ...env,
      vars: { ...vars, GOBIN: folder },
    });
    return `${folder}/nats-server`;
  });
}

function newestFor(goVersion: string): string {
  const match = /^go(\d+)\.(\d+)/.exec(goVersion);
  const major = Number(match?.[1] ?? 0);
  const minor = Number(match?.[2] ?? 0);
  for (const { go, server } of GO_BUILDS) {
    if (major > go[0] || (major === go[0] && minor >= go[1])) return server;
  }
  throw new Error(`${goVersion} is too old: 1.24 or newer is needed`);
}

/** Downloads the official release for this machine, if its SHA-256 is the one that the release lists. */
export async function installFromArchive(
  { cache, version, releases, onProgress }: {
    cache: string;
    version: string | undefined;
    releases: string;
    onProgress: (line: string) => void;
  },
): Promise<Installed> {
  const release = version === undefined
    ? GO_BUILDS[0]!.server
    : NEWEST[version] ?? version;
  if (release.endsWith(".x")) {
    throw new Error(`no release of ${release} is known here`);
  }
  const arch = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
  const name = `nats-server-v${release}-${Deno.build.os}-${arch}.tar.gz`;
  const base = `${releases.replace(/\/+$/, "")}/v${release}`;
  return await inNewFolder(cache, async (folder) => {
    onProgress(`downloading ${base}/${name}`);
    const sums = new TextDecoder().decode(await download(`${base}/SHA256SUMS`));
    const expected = checksumOf(name, sums);
    const archive = await download(`${base}/${name}`);
    const actual = await sha256(archive);
    if (actual !== expected) {
      throw new Error(
        `${name} has the SHA-256 ${actual}, but the release lists ${expected}`,
      );
    }
    const file = untarFile(await gunzip(archive), "nats-server");
    if (file === undefined) throw new Error(`${name} holds no nats-server`);
    const path = `${folder}/nats-server`;
    await Deno.writeFile(path, file, { mode: 0o755 });
    return path;
  });
}

function checksumOf(name: string, sums: string): string {
  for (const line of sums.split("\n")) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line.trim());
    if (match?.[2] === name) return match[1]!;
  }
  throw new Error(`SHA256SUMS does not list ${name}`);
}

async function download(url: string): Promise<Uint8Array<ArrayBuffer>> {
  // A client of its own, so that no idle connection outlives the download.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const signal = AbortSignal.timeout(120_000);
  let response: Response;
  try {
    response = await fetch(url, { client, signal });
  } catch (cause) {
    throw new Error(`cannot fetch ${url}`, { cause });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${url} answers ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", data);
  return new Uint8Array(digest).toHex();
}
