/**
 * Runs the programs and commands of README and docs as a reader would.
 *
 * @module
 */

const root = new URL("../../", import.meta.url);

/** How a program ended. */
export interface Ended {
  /** What it printed. */
  readonly stdout: string;
  /** What it complained about; empty when all went well. */
  readonly stderr: string;
  /** Its exit code. */
  readonly code: number;
}

/** Where the servers are that programs name by their default addresses. */
export interface Addresses {
  /** For `nats://127.0.0.1:4222`. */
  readonly url: string;
  /** For `ws://127.0.0.1:8080`. */
  readonly wsUrl: string;
}

/**
 * Runs a program in TypeScript with the one permission that the README names:
 * the net, here this machine only.
 *
 * @param folder Whose deno.json it is resolved by. @default this checkout
 */
export function runProgram(
  program: string,
  { url, wsUrl }: Addresses,
  folder?: string,
): Promise<Ended> {
  const args = [
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-net=127.0.0.1",
    "-",
  ];
  const here = program.replaceAll("nats://127.0.0.1:4222", url)
    .replaceAll("ws://127.0.0.1:8080", wsUrl);
  return run(args, {}, here, folder);
}

/**
 * Runs one of deno's commands.
 *
 * @param folder Where it runs. @default this checkout
 */
export function runDeno(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  folder?: string,
): Promise<Ended> {
  return run(args, env, "", folder);
}

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string,
  folder: string | URL = root,
): Promise<Ended> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    env: { ...env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) =>
    new Response(stream).text()
  );
  // One that ended before it was read says on its own why.
  await new Blob([input]).stream().pipeTo(child.stdin).catch(() => {});
  const { code } = await child.status;
  return { stdout: await stdout!, stderr: await stderr!, code };
}
