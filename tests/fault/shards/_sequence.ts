/**
 * One fault after the other, on five processes that own shards.
 *
 * @module
 */

import type { ShardManagerOptions } from "../../../cluster/mod.ts";
import type { LeaseSettings } from "../../../cluster/lease/settings.ts";
import { waitFor } from "../../support/conditions.ts";
import type { NatsCluster } from "../../support/nats_cluster.ts";
import { TcpProxy } from "../../support/tcp_proxy.ts";
import {
  deafen,
  kill,
  leave,
  lengthOf,
  mute,
  pause,
  restartAll,
} from "./_faults.ts";
import { Fleet, type Gap } from "./_fleet.ts";

const NODES = 5;
const SHARDS = 24;
const STREAM = "KV_AETHER_CLUSTER_default";

/** What is done, and to whom it is told. */
export interface SequenceOptions {
  readonly settings: LeaseSettings;
  /** What the processes join with. */
  readonly shards: ShardManagerOptions;
  /** Hears how long a shard had no owner after each fault. */
  tell(line: string): void;
}

/**
 * Kills, stops, cuts off and restarts processes: none owns a shard while
 * another one does, and none is without an owner for longer than is promised.
 *
 * @param ports Those of the servers; each process is connected to one.
 */
export async function strikeProcesses(
  ports: readonly number[],
  { settings, shards, tell }: SequenceOptions,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const fleet = stack.use(new Fleet({ ...shards, shards: SHARDS }));
  const proxies = new Map<string, TcpProxy>();
  let started = 0;
  const start = async (appVersion: string) => {
    const node = `node-${++started}`;
    const port = ports[started % ports.length]!;
    const proxy = stack.use(await TcpProxy.start({ upstream: { port } }));
    proxies.set(node, proxy);
    return await fleet.start(node, [proxy.url], appVersion);
  };
  const allServe = () =>
    waitFor(() => fleet.alive.length === NODES, {
      timeout: 120_000,
      message: "all processes to own shards",
    });
  const fill = async () => {
    const missing = NODES - fleet.alive.length;
    await Promise.all(Array.from({ length: missing }, () => start("1")));
    await allServe();
  };
  const follower = () => fleet.alive.find(({ leads }) => !leads)!;
  const proxyOf = ({ node }: { node: string }) => proxies.get(node)!;
  const after = (what: string, gap: Gap) =>
    tell(`${what}: no owner for at most ${lengthOf(gap)} ms`);
  await fill();
  after("a member leaves", await leave(fleet, follower(), settings));
  after(
    "the leader leaves",
    await leave(fleet, await fleet.leader(), settings),
  );
  await fill();
  after("a member is killed", await kill(fleet, [follower()], 1, settings));
  await fill();
  const contenders = await fleet.contenders();
  after(
    "the leader and both standbys are killed",
    await kill(fleet, contenders, 2, settings),
  );
  await fill();
  after("a member is stopped", await pause(fleet, follower(), settings));
  await allServe();
  after(
    "the leader is stopped",
    await pause(fleet, await fleet.leader(), settings),
  );
  await allServe();
  const deaf = follower();
  after("a member hears nothing", await deafen(fleet, deaf, proxyOf(deaf)));
  await allServe();
  const dumb = await fleet.leader();
  after("nobody hears the leader", await mute(fleet, dumb, proxyOf(dumb)));
  await allServe();
  const { gap, moves } = await restartAll(fleet, () => start("2"), settings);
  after("all are restarted, one after the other", gap);
  tell(`each shard has moved ${moves.toFixed(1)} times`);
  fleet.check();
  tell(`${fleet.admissions} admissions, no overlap`);
}

/**
 * Kills and stops servers, any of which each process can connect to.
 *
 * @param nodes How many processes there are.
 */
export async function strikeServers(
  cluster: NatsCluster,
  nodes: number,
  { settings, shards, tell }: SequenceOptions,
): Promise<void> {
  const { lease } = settings;
  await using fleet = new Fleet({ ...shards, shards: SHARDS });
  await Promise.all(Array.from({ length: nodes }, (_, i) => {
    const first = i % cluster.urls.length;
    const urls = [
      ...cluster.urls.slice(first),
      ...cluster.urls.slice(0, first),
    ];
    return fleet.start(`node-${i}`, urls);
  }));
  const settle = async () => {
    await cluster.waitForPeers();
    await cluster.waitForCurrent(STREAM);
    await fleet.served(Date.now());
  };
  const streamLeader = await cluster.waitForLeader(STREAM);
  const before = Date.now();
  await streamLeader.kill();
  const killed = await fleet.served(Date.now() + lease);
  tell(`the stream's leader is killed: ${lengthOf(killed)} ms`);
  await streamLeader.restart();
  await settle();
  const own = cluster.server((await fleet.leader()).server);
  await own.pause();
  const frozen = await fleet.served(Date.now() + lease);
  tell(`the map leader's own server is stopped: ${lengthOf(frozen)} ms`);
  own.resume();
  await settle();
  fleet.check();
  tell(`longest without an owner: ${lengthOf(fleet.gap(before))} ms`);
}
