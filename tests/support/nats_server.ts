/**
 * A nats-server of one's own, on free ports and in a temporary folder.
 *
 * @module
 */

import {
  pickServerPorts,
  renderConfig,
  type ServerConfig,
  type ServerPorts,
} from "./_server_config.ts";
import { greeting, ServerProcess, tail } from "./_server_process.ts";
import { GuardedFolder } from "./_watchdog.ts";
import { waitFor } from "./conditions.ts";
import { findNatsServer } from "./nats_binary.ts";

/** How a server is to be. */
export interface NatsServerOptions {
  /**
   * Its name.
   *
   * @default {"n1"}
   */
  name?: string | undefined;
  /** Text that is appended to the configuration file: users, accounts, limits. */
  config?: string | undefined;
  /**
   * Whether JetStream is enabled.
   *
   * @default {true}
   */
  jetstream?: boolean | undefined;
  /** Text that is put into the `jetstream` block: `max_file_store: 1MB`. */
  jetstreamConfig?: string | undefined;
  /**
   * The folder of JetStream's files, which stays.
   *
   * @default one that goes with the server
   */
  storeDir?: string | undefined;
  /**
   * Whether an acknowledgement waits for the disk (`sync_interval: always`).
   *
   * @default {false}
   */
  syncAlways?: boolean | undefined;
  /**
   * Whether it also listens for WebSockets, without TLS.
   *
   * @default {false}
   */
  websocket?: boolean | undefined;
  /** An exact version (`"2.11.17"`) or a line (`"2.11.x"`); by default what is found first. */
  version?: string | undefined;
}

/** A server did not come up. */
export class NatsServerStartError extends Error {
  /** Whether it found one of its ports taken. */
  readonly portTaken: boolean;

  /** Makes the error from what the server logged. */
  constructor(message: string, logs: string, options?: ErrorOptions) {
    super(`${message}\n${tail(logs, 20)}`, options);
    this.name = "NatsServerStartError";
    this.portTaken = logs.includes("address already in use");
  }
}

/** A server as {@linkcode spawnServer} makes it. */
export interface SpawnOptions extends NatsServerOptions {
  ports: ServerPorts;
  cluster?: ServerConfig["cluster"] | undefined;
}

/**
 * A nats-server that runs, or may be run again.
 *
 * It listens on 127.0.0.1 only. However this process ends, the server is killed
 * and its folder removed.
 */
export class NatsServer implements AsyncDisposable {
  /** Its name in the cluster. */
  readonly name: string;
  /** The version of nats-server that it runs. */
  readonly version: string;
  /** The ports it listens on; they stay the same from start to start. */
  readonly ports: ServerPorts;
  readonly #folder: GuardedFolder;
  readonly #process: ServerProcess;
  readonly #settings: ServerConfig;
  #disposed: Promise<void> | undefined;

  /** @ignore Use {@linkcode NatsServer.start}. */
  private constructor(
    binary: { path: string; version: string },
    folder: GuardedFolder,
    settings: ServerConfig,
  ) {
    this.name = settings.name;
    this.version = binary.version;
    this.ports = settings.ports;
    this.#folder = folder;
    this.#process = new ServerProcess(settings.name, binary.path, folder);
    this.#settings = settings;
  }

  /**
   * Starts a server and resolves when it answers.
   *
   * @throws {NatsServerStartError} when it ends instead, with its log.
   */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    for (let attempt = 1;; attempt++) {
      const ports = pickServerPorts({
        websocket: options.websocket ?? false,
        cluster: false,
      });
      const server = await NatsServer.spawn({ ...options, ports });
      try {
        await server.ready();
        return server;
      } catch (error) {
        await server[Symbol.asyncDispose]();
        const clash = error instanceof NatsServerStartError && error.portTaken;
        if (!clash || attempt === 10) throw error;
      }
    }
  }

  /** Starts a server on the given ports and does not wait for it. */
  static async spawn(
    {
      name = "n1",
      config = "",
      jetstream = true,
      jetstreamConfig = "",
      storeDir,
      syncAlways = false,
      version,
      ports,
      cluster,
    }: SpawnOptions,
  ): Promise<NatsServer> {
    const binary = await findNatsServer({
      version,
      onProgress: (line) => console.error(line),
    });
    const folder = await GuardedFolder.make();
    const server = new NatsServer(binary, folder, {
      name,
      ports,
      storeDir: storeDir ?? `${folder.path}/data`,
      jetstream,
      syncAlways,
      jetstreamConfig,
      config,
      cluster,
    });
    try {
      await server.#process.run(renderConfig(server.#settings));
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Where clients connect to over TCP: `nats://127.0.0.1:4222`. */
  get url(): string {
    return `nats://127.0.0.1:${this.ports.client}`;
  }

  /**
   * Where clients connect to over WebSocket: `ws://127.0.0.1:8080`.
   *
   * @throws {TypeError} when the server was started without `websocket`.
   */
  get wsUrl(): string {
    if (this.ports.websocket === undefined) {
      throw new TypeError(
        `Cannot tell the WebSocket URL of ${this.name}: it was started without websocket: true`,
      );
    }
    return `ws://127.0.0.1:${this.ports.websocket}`;
  }

  /** Where the server tells of itself over HTTP, such as `/jsz`. */
  get monitorUrl(): string {
    return `http://127.0.0.1:${this.ports.monitor}`;
  }

  /** The port of {@linkcode url}. */
  get port(): number {
    return this.ports.client;
  }

  /** The id of the running process, `undefined` while none runs. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether the process is there and not paused. */
  get running(): boolean {
    return this.#process.pid !== undefined && !this.#process.paused;
  }

  /** The folder of JetStream's files. */
  get storeDir(): string {
    return this.#settings.storeDir;
  }

  /**
   * Resolves when the server answers a new connection, on its WebSocket port
   * too.
   *
   * @throws {NatsServerStartError} when it ends instead, or takes longer than
   * `timeout` milliseconds.
   */
  async ready({ timeout = 20_000 }: { timeout?: number } = {}): Promise<void> {
    try {
      const ready = await waitFor(async () => {
        if (this.pid === undefined) return "ended";
        return await this.#answers() && "ready";
      }, { timeout });
      if (ready === "ready") return;
    } catch (cause) {
      throw new NatsServerStartError(
        `Cannot start nats-server ${this.name}: it did not answer within ${timeout} ms`,
        await this.#process.logsOfRun(),
        { cause },
      );
    }
    throw new NatsServerStartError(
      `Cannot start nats-server ${this.name}: it ended`,
      await this.#process.logsOfRun(),
    );
  }

  async #answers(): Promise<boolean> {
    // Its own word first, so that a stranger on the port is not taken for it.
    const logs = await this.#process.logsOfRun();
    if (!logs.includes("Server is ready")) return false;
    const { client, websocket } = this.ports;
    if (websocket !== undefined) {
      (await Deno.connect({ hostname: "127.0.0.1", port: websocket })).close();
    }
    return (await greeting(client)).server_name === this.name;
  }

  /** Kills the process (SIGKILL), also a paused one, and resolves when it has ended. Harmless when none runs. */
  async kill(): Promise<void> {
    await this.#process.end("SIGKILL");
  }

  /** Asks the process to stop (SIGTERM) and resolves when it has ended. Harmless when none runs. */
  async stop(): Promise<void> {
    this.resume();
    await this.#process.end("SIGTERM");
  }

  /** Stops the process (SIGSTOP) and resolves when it stands: its connections stay open and nothing answers. */
  async pause(): Promise<void> {
    await this.#process.pause();
  }

  /** Lets a paused process run on (SIGCONT). Harmless when it isn't paused. */
  resume(): void {
    if (this.#process.paused) this.#process.signal("SIGCONT");
  }

  /**
   * Starts the server again on the same ports and files, and resolves when it
   * answers, or without `wait` as soon as the process is there. One that still
   * runs is stopped first.
   */
  async restart({ wait = true }: { wait?: boolean } = {}): Promise<void> {
    if (this.#disposed !== undefined) {
      throw new TypeError(`Cannot restart ${this.name}: it is disposed`);
    }
    await this.stop();
    for (let attempt = 1;; attempt++) {
      await this.#process.run(renderConfig(this.#settings));
      if (!wait) return;
      try {
        return await this.ready();
      } catch (error) {
        const clash = error instanceof NatsServerStartError && error.portTaken;
        if (!clash || attempt === 10) throw error;
      }
    }
  }

  /**
   * Has the running server read its configuration again, with `config` in the
   * place of what was appended at the start, and resolves when it has.
   *
   * @throws {Error} when the server refuses the configuration.
   */
  async reload(config: string = this.#settings.config): Promise<void> {
    this.#settings.config = config;
    await this.#process.writeConfig(renderConfig(this.#settings));
    const before = (await this.logs()).length;
    this.#process.signal("SIGHUP");
    const answer = await waitFor(
      async () =>
        /Reloaded server configuration|Failed to reload server configuration.*/
          .exec((await this.logs()).slice(before))?.[0],
      { message: `${this.name} to reload` },
    );
    if (answer.startsWith("Failed")) {
      throw new Error(`Cannot reload ${this.name}: ${answer}`);
    }
  }

  /** All that the server has logged, over all its runs. Empty once it is disposed. */
  logs(): Promise<string> {
    return this.#process.logs();
  }

  /** Kills the process and removes its folder. Doing it again is harmless. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= (async () => {
      await this.kill();
      await this.#folder[Symbol.asyncDispose]();
    })();
  }
}
