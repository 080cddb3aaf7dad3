/**
 * A TCP proxy that does to a connection what a bad network does.
 *
 * @module
 */

import { Pump, Valve } from "./_pump.ts";
import { pickPorts } from "./_server_config.ts";
import { waitFor } from "./conditions.ts";

/** Which way bytes go. */
export type Direction = "clientToServer" | "serverToClient";

/** What a proxy stands before. */
export interface TcpProxyOptions {
  /** Where connections go on to. */
  upstream: {
    /**
     * The host.
     *
     * @default {"127.0.0.1"}
     */
    readonly host?: string;
    /** The port. */
    readonly port: number;
  };
}

/** Which of the server's bytes {@linkcode TcpProxy.dropServerToClient} swallows. */
export interface DropOptions {
  /**
   * Tells of each chunk whether it is swallowed. A chunk is what one read from
   * the socket gave: a part of a message, a message, or many.
   *
   * @default {() => true}
   */
  match?: (chunk: Uint8Array) => boolean;
}

/**
 * Stands between clients and a server, on a port of 127.0.0.1. All it does goes
 * for connections that are open and for those to come, and may be combined.
 */
export class TcpProxy implements AsyncDisposable {
  /** The port that clients connect to. It stays the same. */
  readonly port: number;
  readonly #upstream: { hostname: string; port: number };
  readonly #valves: Readonly<Record<Direction, Valve>> = {
    clientToServer: new Valve(),
    serverToClient: new Valve(),
  };
  readonly #links = new Set<Link>();
  readonly #carrying = new Set<Promise<void>>();
  #listener: Deno.TcpListener | undefined;
  #accepting: Promise<void> = Promise.resolve();
  #disposed = false;

  /** @ignore Use {@linkcode TcpProxy.start}. */
  private constructor(
    listener: Deno.TcpListener,
    upstream: { hostname: string; port: number },
  ) {
    this.port = listener.addr.port;
    this.#upstream = upstream;
    this.#serve(listener);
  }

  /** Starts a proxy. The server need not be there yet. */
  static start({ upstream }: TcpProxyOptions): Promise<TcpProxy> {
    const { host = "127.0.0.1", port } = upstream;
    for (let attempt = 1;; attempt++) {
      try {
        const listener = listen(pickPorts(1)[0]!);
        return Promise.resolve(
          new TcpProxy(listener, { hostname: host, port }),
        );
      } catch (error) {
        const clash = error instanceof Deno.errors.AddrInUse;
        if (!clash || attempt === 10) return Promise.reject(error);
      }
    }
  }

  /** Where clients connect to over TCP: `nats://127.0.0.1:4222`. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Where clients connect to over WebSocket, if the upstream port speaks it. */
  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#links.size;
  }

  /** How many bytes {@linkcode dropServerToClient} has swallowed so far. */
  get droppedBytes(): number {
    return this.#valves.serverToClient.swallowed;
  }

  /** Closes all connections, both ends, now: what is held or delayed is lost. */
  cut(): void {
    for (const link of this.#links) link.close();
  }

  /** Resolves when new connections are refused. Open ones stay. */
  async refuse(): Promise<void> {
    await this.#stopListening();
    // A process that is being forked meanwhile holds the port open, too, until
    // it is the program that it is to be.
    await waitFor(() => isRefused(this.port), {
      message: `port ${this.port} to be closed`,
    });
  }

  /** Ends {@linkcode refuse}. */
  async accept(): Promise<void> {
    if (this.#listener === undefined) await this.#accepting;
    if (this.#listener !== undefined) return;
    if (this.#disposed) {
      throw new TypeError("Cannot accept connections: the proxy is disposed");
    }
    this.#serve(listen(this.port));
  }

  /** Holds bytes, those of one direction or all. None is lost: a sender soon finds that it can't go on. */
  pause(direction?: Direction): void {
    for (const valve of this.#pick(direction)) valve.paused = true;
  }

  /** Ends {@linkcode pause}: what was held goes on its way. */
  unpause(direction?: Direction): void {
    for (const valve of this.#pick(direction)) valve.paused = false;
  }

  /** Has bytes arrive `ms` milliseconds later, those of one direction or all. 0 ends it. */
  delay(ms: number, direction?: Direction): void {
    for (const valve of this.#pick(direction)) valve.delay = ms;
  }

  /**
   * Swallows what the server sends while the client's bytes still reach it: what
   * is stored then is never acknowledged. As it may begin and end in the middle
   * of a message, {@linkcode cut} the connections before
   * {@linkcode passServerToClient}.
   */
  dropServerToClient({ match = () => true }: DropOptions = {}): void {
    this.#valves.serverToClient.swallows = match;
  }

  /** Ends {@linkcode dropServerToClient}. */
  passServerToClient(): void {
    this.#valves.serverToClient.swallows = () => false;
  }

  /** Closes the port and all connections. Doing it again is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const stopped = this.#stopListening();
    this.cut();
    await stopped;
    await Promise.all(this.#carrying);
  }

  #pick(direction: Direction | undefined): Valve[] {
    return direction === undefined
      ? Object.values(this.#valves)
      : [this.#valves[direction]];
  }

  async #stopListening(): Promise<void> {
    this.#listener?.close();
    this.#listener = undefined;
    // The port is free only when nobody waits on it any more.
    await this.#accepting;
  }

  #serve(listener: Deno.TcpListener): void {
    this.#listener = listener;
    this.#accepting = (async () => {
      for await (const client of listener) {
        const carrying = this.#carry(client);
        this.#carrying.add(carrying);
        carrying.finally(() => this.#carrying.delete(carrying));
      }
    })();
  }

  async #carry(client: Deno.TcpConn): Promise<void> {
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect(this.#upstream);
    } catch {
      return client.close();
    }
    const link = new Link(client, server, this.#valves);
    this.#links.add(link);
    if (this.#disposed) link.close();
    await link.run();
    this.#links.delete(link);
  }
}

/** One connection of a client and the one to the server that belongs to it. */
class Link {
  readonly #ends: readonly Deno.TcpConn[];
  readonly #pumps: readonly Pump[];
  #closed = false;

  constructor(
    client: Deno.TcpConn,
    server: Deno.TcpConn,
    valves: Readonly<Record<Direction, Valve>>,
  ) {
    this.#ends = [client, server];
    for (const end of this.#ends) end.setNoDelay();
    this.#pumps = [
      new Pump(client, server, valves.clientToServer),
      new Pump(server, client, valves.serverToClient),
    ];
  }

  /** Resolves when both ends are closed. */
  async run(): Promise<void> {
    // A receiver that is gone takes the other direction with it.
    const close = (): void => this.close();
    await Promise.all(this.#pumps.map((pump) => pump.run(close)));
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const pump of this.#pumps) pump.abort();
    for (const end of this.#ends) end.close();
  }
}

async function isRefused(port: number): Promise<boolean> {
  try {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.close();
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    return true;
  }
}

function listen(port: number): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port });
}
