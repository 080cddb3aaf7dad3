import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { waitFor } from "../../support/conditions.ts";

const here = new URL(".", import.meta.url).pathname;

/** A folder in which other programs make their temporary files. */
class TempRoot implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "aether-leftovers-" });

  get entries(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Runs this Deno in a process group of its own, as a terminal does. */
function runDeno(args: string[], root: TempRoot): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd: here,
    env: { TMPDIR: root.path, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
}

/** Whether a process is there; one that nobody has reaped yet is not. */
async function isAlive(pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", `ps -o stat= -p ${pid}`],
  }).output();
  const state = new TextDecoder().decode(stdout).trim();
  return state !== "" && !state.startsWith("Z");
}

async function signalGroup(pid: number, signal: string): Promise<void> {
  const { success } = await new Deno.Command("/bin/sh", {
    args: ["-c", `kill -${signal} -${pid}`],
  }).output();
  assert(success);
}

async function firstLine(process: Deno.ChildProcess): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = process.stdout.getReader();
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(await process.stderr.text());
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text;
}

for (
  const [what, kind, end] of [
    ["a server", "running", (pid) => Deno.kill(pid, "SIGKILL")],
    ["a paused server", "paused", (pid) => Deno.kill(pid, "SIGKILL")],
    ["a cluster", "cluster", (pid) => Deno.kill(pid, "SIGKILL")],
    ["a server by Ctrl-C", "running", (pid) => signalGroup(pid, "INT")],
  ] satisfies [string, string, (pid: number) => void | Promise<void>][]
) {
  Deno.test(`Nothing is left of ${what} when the program is killed`, async () => {
    using root = new TempRoot();
    const process = runDeno(["run", "-A", "_abandoned.ts", kind], root);
    const pids: number[] = JSON.parse(await firstLine(process));
    assertEquals(root.entries.length, pids.length);
    for (const pid of pids) assert(await isAlive(pid));

    await end(process.pid);
    await Promise.all([
      process.status,
      process.stdout.cancel(),
      process.stderr.cancel(),
    ]);

    for (const pid of pids) {
      await waitFor(async () => !(await isAlive(pid)));
    }
    await waitFor(() => root.entries.length === 0);
  });
}

Deno.test("withServer() shows the server's log and leaves nothing when a test fails", async () => {
  using root = new TempRoot();
  const process = runDeno(["test", "-A", "_failing.ts"], root);
  const { success, stdout, stderr } = await process.output();
  const output = new TextDecoder().decode(stdout);
  assert(!success);
  assertStringIncludes(output, "on purpose");
  // deno test shows a failing test's stderr as output.
  const all = output + new TextDecoder().decode(stderr);
  assertStringIncludes(all, "log of nats-server unlucky");
  assertStringIncludes(all, "Server is ready");
  const pid = Number(/pid (\d+)/.exec(output)?.[1]);
  assert(!(await isAlive(pid)));
  assertEquals(root.entries, []);
});
