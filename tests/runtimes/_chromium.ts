/**
 * Chromium, found and started without a window.
 *
 * @module
 */

/** Where it is, by its names on PATH and in its usual places. */
const COMMANDS: readonly string[] = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Without them it looks for Google's hosts as it starts. */
const QUIET: readonly string[] = [
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

/** A browser that runs until it is disposed. */
export class Chromium implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #profile: string;

  private constructor(child: Deno.ChildProcess, profile: string) {
    this.#child = child;
    this.#profile = profile;
  }

  /** The command that runs on this machine; undefined if none does. */
  static async find(): Promise<string | undefined> {
    for (const command of COMMANDS) {
      try {
        const { success } = await new Deno.Command(command, {
          args: ["--version"],
          stdout: "null",
          stderr: "null",
        }).output();
        if (success) return command;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }

  /** Opens a page, with a profile of its own. */
  static async open(command: string, url: string): Promise<Chromium> {
    const profile = await Deno.makeTempDir({ prefix: "aether-chromium-" });
    const child = new Deno.Command(command, {
      args: [
        "--headless",
        "--no-sandbox", // as root it does not start with it
        "--disable-gpu",
        ...QUIET,
        "--remote-debugging-port=0",
        `--user-data-dir=${profile}`,
        url,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return new Chromium(child, profile);
  }

  /** Where it takes orders; fails until it has started. */
  async debuggingPort(): Promise<number> {
    const file = `${this.#profile}/DevToolsActivePort`;
    return Number((await Deno.readTextFile(file)).split("\n")[0]);
  }

  /** Resolves with its exit code when it has ended. */
  get ended(): Promise<number> {
    return this.#child.status.then(({ code }) => code);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#child.status;
    await removeProfile(this.#profile);
  }
}

/** Its last processes may still write into it. */
async function removeProfile(folder: string): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
