import type { NatsServer } from "../support/nats_server.ts";
import type { Random } from "../support/history/random.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import type { Fault } from "./_schedule.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The way of a worker to the servers: a proxy before each. */
export class Link implements AsyncDisposable {
  readonly #proxies: readonly TcpProxy[];

  private constructor(proxies: readonly TcpProxy[]) {
    this.#proxies = proxies;
  }

  /** Makes a way to servers. */
  static async open(servers: readonly NatsServer[]): Promise<Link> {
    const upstreams = servers.map(({ port }) => ({ upstream: { port } }));
    return new Link(
      await Promise.all(upstreams.map((each) => TcpProxy.start(each))),
    );
  }

  /** Where it leads from, in the order of the servers. */
  get urls(): string[] {
    return this.#proxies.map(({ url }) => url);
  }

  /** Does something to all connections. */
  each(act: (proxy: TcpProxy) => unknown): Promise<unknown> {
    return Promise.all(this.#proxies.map(act));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.each((proxy) => proxy[Symbol.asyncDispose]());
  }
}

/** What may be done to any of the links. */
export function linkFaults(links: readonly Link[], random: Random): Fault[] {
  const fault = (
    name: string,
    run: (link: Link) => Promise<unknown>,
  ): Fault => ({
    name,
    run: async () => {
      await run(random.pick(links));
    },
  });
  return [
    fault("connection cut", (link) => link.each((proxy) => proxy.cut())),
    fault("connection delayed", async (link) => {
      const ms = 20 + random.below(150);
      await link.each((proxy) => proxy.delay(ms));
      await pause(500 + random.below(2_000));
      if (random.chance(0.5)) await link.each((proxy) => proxy.cut());
      await link.each((proxy) => proxy.delay(0));
    }),
    fault("acknowledgements lost", async (link) => {
      await link.each((proxy) => proxy.dropServerToClient());
      await pause(random.below(200));
      await link.each((proxy) => proxy.cut());
      await link.each((proxy) => proxy.passServerToClient());
    }),
    fault("requests lost", async (link) => {
      await link.each((proxy) => proxy.pause("clientToServer"));
      await pause(random.below(300));
      await link.each((proxy) => proxy.cut());
      await link.each((proxy) => proxy.unpause("clientToServer"));
    }),
    fault("connection refused", async (link) => {
      await link.each((proxy) => proxy.refuse());
      await link.each((proxy) => proxy.cut());
      await pause(random.below(1_500));
      await link.each((proxy) => proxy.accept());
    }),
  ];
}
