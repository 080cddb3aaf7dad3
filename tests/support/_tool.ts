/**
 * The one program that is run here: it runs all others, so that a test needs no
 * more than the permission to run it.
 */
export const SHELL = "/bin/sh";

/** The environment that programs are looked for and run in. */
export interface ToolEnv {
  /** The variables. */
  readonly vars: Readonly<Record<string, string>>;
  /** Whether they come on top of this process's own. */
  readonly inherit: boolean;
}

/** Runs a program and answers what it wrote to stdout; its failure is an error that carries its stderr. */
export async function runTool(
  path: string,
  args: readonly string[],
  { vars, inherit }: ToolEnv = { vars: {}, inherit: true },
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(SHELL, {
    args: ["-c", 'exec "$0" "$@"', path, ...args],
    clearEnv: !inherit,
    env: vars,
    stdin: "null",
  }).output();
  if (!success) {
    const said = new TextDecoder().decode(stderr).trim().slice(-500);
    throw new Error(`${path} ${args.join(" ")} ended with ${code}: ${said}`);
  }
  return new TextDecoder().decode(stdout);
}

/** An error's message with those of its causes, in a line. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.message.replaceAll(/\s*\n\s*/g, "; ");
  return error.cause === undefined
    ? text
    : `${text} (${describe(error.cause)})`;
}
