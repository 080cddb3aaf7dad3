import { SHELL } from "./_tool.ts";

/**
 * A shell that outlives this process for a moment. It makes the folder; when
 * its stdin closes, which the kernel sees to however this process ends, it
 * kills the process that `pid` in the folder names and removes the folder.
 *
 * The configuration goes first: a server that has not read it yet ends by
 * itself, one that has read it wrote `pid` before. Signals from the terminal
 * reach the shell too and must not end it.
 */
const SCRIPT = `
trap '' INT TERM HUP QUIT
dir=$(mktemp -d "\${TMPDIR:-/tmp}/aether-nats-XXXXXXXX") || exit 1
echo "$dir"
exec > /dev/null
while read -r _; do :; done
rm -f "$dir/nats.conf"
if [ -s "$dir/pid" ]; then kill -9 "$(cat "$dir/pid")"; fi
n=0
while [ -e "$dir" ] && [ $n -lt 100 ]; do
  rm -rf "$dir"
  n=$((n + 1))
  [ -e "$dir" ] && sleep 0.1
done
`;

/** A temporary folder and its watchdog. */
export class GuardedFolder implements AsyncDisposable {
  /** The folder. */
  readonly path: string;
  #watchdog: Deno.ChildProcess;
  #disposed: Promise<void> | undefined;

  private constructor(path: string, watchdog: Deno.ChildProcess) {
    this.path = path;
    this.#watchdog = watchdog;
  }

  /** Makes an empty temporary folder that goes with this process. */
  static async make(): Promise<GuardedFolder> {
    const watchdog = new Deno.Command(SHELL, {
      args: ["-c", SCRIPT, "aether-watchdog"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const path = (await watchdog.stdout.text()).trim();
    if (path === "") {
      await watchdog.stdin.close();
      throw new Error("Cannot make a temporary folder with mktemp");
    }
    // A server that is never stopped must not keep a finished program alive.
    watchdog.unref();
    return new GuardedFolder(path, watchdog);
  }

  /** Removes a file of the folder, if it is there. */
  removeFile(name: string): void {
    try {
      Deno.removeSync(`${this.path}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Removes the folder and ends the watchdog. The process in it must have ended. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    this.#watchdog.ref();
    await this.#watchdog.stdin.close();
    await this.#watchdog.status;
  }
}
