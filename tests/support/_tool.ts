/** Runs a program (in its own environment, if given) and answers what it wrote to stdout; its failure is an error that carries its stderr. */
export async function runTool(
  path: string,
  args: readonly string[],
  env?: Record<string, string>,
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(path, {
    args: [...args],
    ...(env !== undefined && { clearEnv: true, env }),
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
