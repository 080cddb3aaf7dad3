/**
 * A shell that outlives this process for a moment: when its stdin closes,
 * which the kernel sees to however this process ends, it kills the process
 * that `pid` in the folder names and removes the folder.
 *
 * The configuration goes first: a server that has not read it yet ends by
 * itself, one that has read it wrote `pid` before. Signals from the terminal
 * reach the shell too and must not end it.
 */
const SCRIPT = `
trap '' INT TERM HUP QUIT
while read -r _; do :; done
rm -f "$1/nats.conf"
if [ -s "$1/pid" ]; then kill -9 "$(cat "$1/pid")" 2>/dev/null; fi
n=0
while [ -e "$1" ] && [ $n -lt 100 ]; do
  rm -rf "$1" 2>/dev/null
  n=$((n + 1))
  [ -e "$1" ] && sleep 0.1
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
    const path = await Deno.makeTempDir({ prefix: "aether-nats-" });
    const watchdog = new Deno.Command("sh", {
      args: ["-c", SCRIPT, "aether-watchdog", path],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
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
