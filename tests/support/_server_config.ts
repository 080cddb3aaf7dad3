/** What a server's configuration file is made of. */
export interface ServerConfig {
  name: string;
  ports: ServerPorts;
  storeDir: string;
  jetstream: boolean;
  syncAlways: boolean;
  jetstreamConfig: string;
  config: string;
  cluster: { name: string; routes: readonly string[] } | undefined;
}

/** The ports of a server, all on 127.0.0.1. */
export interface ServerPorts {
  readonly client: number;
  readonly monitor: number;
  readonly websocket?: number;
  readonly cluster?: number;
}

/** The configuration file's text. */
export function renderConfig(
  {
    name,
    ports,
    storeDir,
    jetstream,
    syncAlways,
    jetstreamConfig,
    config,
    cluster,
  }: ServerConfig,
): string {
  const lines = [
    `server_name: ${JSON.stringify(name)}`,
    `listen: "127.0.0.1:${ports.client}"`,
    `http: "127.0.0.1:${ports.monitor}"`,
  ];
  if (jetstream) {
    lines.push("jetstream {", `  store_dir: ${JSON.stringify(storeDir)}`);
    if (syncAlways) lines.push("  sync_interval: always");
    if (jetstreamConfig) lines.push(jetstreamConfig);
    lines.push("}");
  }
  if (ports.websocket !== undefined) {
    lines.push(
      `websocket { listen: "127.0.0.1:${ports.websocket}", no_tls: true }`,
    );
  }
  if (cluster !== undefined) {
    lines.push(
      "cluster {",
      `  name: ${JSON.stringify(cluster.name)}`,
      `  listen: "127.0.0.1:${ports.cluster}"`,
      `  routes: ${JSON.stringify(cluster.routes)}`,
      "}",
    );
  }
  return lines.join("\n") + `\n${config}\n`;
}

// Below what Linux and macOS hand to outgoing connections: a port that a
// stopped server leaves free stays free until it is started again.
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/**
 * `count` ports that nobody listened on a moment ago. Somebody may by the time
 * they are used: who uses them must be ready to pick others.
 */
export function pickPorts(count: number): number[] {
  const listeners = new Map<number, Deno.Listener>();
  try {
    while (listeners.size < count) {
      const port = FIRST_PORT +
        Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
      if (listeners.has(port)) continue;
      try {
        listeners.set(port, Deno.listen({ hostname: "127.0.0.1", port }));
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
    return [...listeners.keys()];
  } finally {
    for (const listener of listeners.values()) listener.close();
  }
}

/** Ports for one server. */
export function pickServerPorts(
  { websocket, cluster }: { websocket: boolean; cluster: boolean },
): ServerPorts {
  const [client, monitor, third, fourth] = pickPorts(4);
  return {
    client: client!,
    monitor: monitor!,
    ...(websocket && { websocket: third! }),
    ...(cluster && { cluster: fourth! }),
  };
}
