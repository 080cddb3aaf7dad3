import { runTool, SHELL } from "./_tool.ts";
import type { GuardedFolder } from "./_watchdog.ts";
import { waitFor } from "./conditions.ts";

const RUN_MARK = "--- started by the test harness\n";

// The process tells the watchdog its id before it turns into nats-server, so
// that there is no moment in which it runs and nobody knows of it.
const LAUNCH = `
cd "$1" || exit 1
echo $$ > pid
printf '%s' '${RUN_MARK}' >> log
exec "$2" -c nats.conf >> log 2>&1
`;

// The state of each thread, or where there is no /proc of the process, a line each.
const STATES = `
if [ -e "/proc/$1/task" ]
then sed 's/.*) //' "/proc/$1/task/"*/stat
else ps -o stat= -p "$1"
fi
`;

/** The process of a nats-server, run by run, in its folder. */
export class ServerProcess {
  readonly #name: string;
  readonly #binary: string;
  readonly #folder: GuardedFolder;
  #child: Deno.ChildProcess | undefined;
  #paused = false;

  constructor(name: string, binary: string, folder: GuardedFolder) {
    this.#name = name;
    this.#binary = binary;
    this.#folder = folder;
  }

  /** The id of the process, `undefined` while none is there. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether the process is stopped by SIGSTOP. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Starts the process with a configuration. */
  async run(config: string): Promise<void> {
    await this.writeConfig(config);
    const child = new Deno.Command(SHELL, {
      args: ["-c", LAUNCH, "aether-nats", this.#folder.path, this.#binary],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    // A server that nobody stops must not keep a finished program alive.
    child.unref();
    this.#child = child;
    child.status.then(() => {
      this.#child = undefined;
      this.#paused = false;
      // The id may soon be somebody else's: the watchdog must not kill it.
      this.#folder.removeFile("pid");
    });
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    if (this.#child === undefined) {
      throw new TypeError(
        `Cannot send ${signal} to ${this.#name}: it does not run`,
      );
    }
    this.#child.kill(signal);
    if (signal === "SIGSTOP") this.#paused = true;
    if (signal === "SIGCONT") this.#paused = false;
  }

  /** Sends SIGSTOP and resolves when all threads stand. */
  async pause(): Promise<void> {
    this.signal("SIGSTOP");
    // A busy machine takes its time to stop a thread, which may answer till then.
    await waitFor(async () => {
      const states = await runTool(SHELL, ["-c", STATES, "sh", `${this.pid}`]);
      return /^(T.*\n)+$/.test(states);
    }, { interval: 1, message: `${this.#name} to stand still` });
  }

  /** Sends a signal that ends the process, if there is one, and resolves when it has ended. */
  async end(signal: Deno.Signal): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.ref();
    this.signal(signal);
    await child.status;
  }

  /** Writes the configuration that the process reads at its start and when told to. */
  async writeConfig(config: string): Promise<void> {
    await Deno.writeTextFile(`${this.#folder.path}/nats.conf`, config);
  }

  /** What was logged over all runs. */
  async logs(): Promise<string> {
    try {
      return await Deno.readTextFile(`${this.#folder.path}/log`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  /** What the latest run has logged. */
  async logsOfRun(): Promise<string> {
    return (await this.logs()).split(RUN_MARK).at(-1)!;
  }
}

/**
 * The INFO that the server on `port` of 127.0.0.1 greets with.
 *
 * @throws {Error} when it is silent for two seconds.
 */
export async function greeting(port: number): Promise<Record<string, unknown>> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let open = true;
  const close = (): void => {
    if (open) connection.close();
    open = false;
  };
  const timer = setTimeout(close, 2000);
  try {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(16_384);
    let text = "";
    while (!text.includes("\r\n")) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error(`Port ${port} sent no INFO`);
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
    return JSON.parse(text.replace(/^INFO /, ""));
  } finally {
    clearTimeout(timer);
    close();
  }
}

/** The last lines of a log. */
export function tail(text: string, lines: number): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
