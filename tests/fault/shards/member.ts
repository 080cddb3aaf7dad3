/**
 * A process that owns shards: it asks all the time which ones, and writes them
 * down. A line `owns TIME SHARD:EPOCH,…` bears the very reading of the clock
 * that was compared, in milliseconds since 1970, also where the process was
 * stopped meanwhile; `owns TIME` alone says that they are still the same. A
 * line `held FROM TO` says when it, or its server, was held up. SIGTERM has it
 * leave.
 *
 * Arguments: JSON of {@linkcode MemberOptions}.
 *
 * @module
 */

import type {
  ObservableGauge,
  ObservableResult,
} from "../../../telemetry/mod.ts";
import {
  ShardManager,
  type ShardManagerOptions,
} from "../../../cluster/mod.ts";
import { FakeMeter } from "../../support/fake_meter.ts";
import { ComparedClock, say } from "../../support/compared_clock.ts";
import { connect } from "../../support/nats_connect.ts";
import { watchStalls } from "../../support/stalls.ts";

/** What a member is told. */
export interface MemberOptions {
  readonly servers: readonly string[];
  readonly shards: ShardManagerOptions;
}

/** Milliseconds between two questions. */
const INTERVAL = 2;

const { servers, shards: options }: MemberOptions = JSON.parse(Deno.args[0]!);

const clock = new ComparedClock();

/** Tells whether the node leads the map. */
class LeaderMeter extends FakeMeter {
  #read: ((result: ObservableResult) => void) | undefined;

  override createObservableGauge(name: string): ObservableGauge {
    if (name !== "aether.cluster.leading") {
      return super.createObservableGauge(name);
    }
    return { addCallback: (callback) => this.#read = callback };
  }

  leads(): boolean {
    let leads = false;
    this.#read?.({ observe: (value) => leads = value === 1 });
    return leads;
  }
}

const nc = await connect(servers);
const meter = new LeaderMeter();
const manager = await ShardManager.join(nc, {
  ...options,
  meter,
  onError: (error) => say("error", error),
});
watchStalls(
  nc,
  () => clock.now(),
  (from, to) => say("held", from, to),
);
let isOver = false;
Deno.addSignalListener("SIGTERM", () => isOver = true);
manager.ready.then(() => say("ready"));

let [before, server, led, members] = ["", "", false, ""];
while (!isOver) {
  if (nc.info !== undefined && nc.info.server_name !== server) {
    server = nc.info.server_name;
    say("server", server);
  }
  const { answer: owned, time } = clock.ask(() => manager.shards());
  const text = owned.map(({ shard, epoch }) => `${shard}:${epoch}`).join();
  if (text !== "" || text !== before) {
    say("owns", time, ...(text === before ? [] : [text === "" ? "-" : text]));
  }
  before = text;
  const leads = meter.leads();
  if (leads !== led) say("leads", led = leads);
  const listed = manager.nodes().map(({ id }) => id).join();
  if (listed !== members) say("members", members = listed);
  await new Promise((resolve) => setTimeout(resolve, INTERVAL));
}
await manager.leave();
say("left");
await nc.close();
Deno.exit(0);
