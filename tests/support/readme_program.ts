/**
 * The programs and commands of the README, run as a reader runs them.
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

/**
 * Runs a program in TypeScript with what the README says it needs: the net,
 * here this machine only, and the variables it reads.
 *
 * @param env The variables, the only ones it may read.
 */
export function runProgram(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const args = [
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-net=127.0.0.1",
    `--allow-env=${Object.keys(env).join(",")}`,
    "-",
  ];
  return run(args, env, program);
}

/** Runs one of deno's commands. */
export function runDeno(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return run(args, env, "");
}

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string,
): Promise<Ended> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
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
