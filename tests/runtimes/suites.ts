/**
 * The contract suites of every layer, for whichever runtime they run on.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { EventBus } from "../../bus/mod.ts";
import {
  ClusterManager,
  LeaderElection,
  NodeDiscovery,
  ShardManager,
} from "../../cluster/mod.ts";
import { InMemoryEventStore } from "../../store/mod.ts";
import { testBusContract } from "../support/bus_contract.ts";
import { testClusterContract } from "../support/cluster_contract.ts";
import { testCommandHandlerContract } from "../support/command_handler_contract.ts";
import type { RegisterTest } from "../support/contract_runner.ts";
import type { AccountEvent } from "../support/decider/accounts.ts";
import { testDiscoveryContract } from "../support/discovery_contract.ts";
import { testEachEventContract } from "../support/each_event_contract.ts";
import { testElectionContract } from "../support/election_contract.ts";
import { testEventStoreContract } from "../support/event_store_contract.ts";
import {
  type EventStoredBackend,
  testEventStoredContract,
} from "../support/event_stored_contract.ts";
import { testHostContract } from "../support/host_contract.ts";
import {
  eventStoredBackend,
  openFixture,
  openHandlerFixture,
} from "../support/jetstream_backend.ts";
import { natsBusBackend } from "../support/nats_bus_backend.ts";
import { testSaveTraces } from "../support/save_traces_contract.ts";
import { testShardContract } from "../support/shard_contract.ts";

/** Registers the suites of what runs in one process, without a server. */
export function registerLocalSuites(register: RegisterTest): void {
  testEventStoreContract(register, "InMemoryEventStore", {
    open({ duplicateWindow } = {}) {
      const store = new InMemoryEventStore({ duplicateWindow });
      return Promise.resolve({
        store,
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      });
    },
  });
  const telling: EventStoredBackend = {
    // deno-lint-ignore require-await -- what it throws is a rejection
    open: async (options) => new InMemoryEventStore(options),
  };
  testEventStoredContract(register, "InMemoryEventStore", telling);
  testSaveTraces(register, "InMemoryEventStore", telling);
  testBusContract(register, "EventBus", {
    blocks: true,
    open(options) {
      const bus = new EventBus(options);
      return Promise.resolve({
        bus,
        publisher: bus,
        settle: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => bus.close(),
      });
    },
  });
  testCommandHandlerContract(register, "handler over memory", () => {
    const store = new InMemoryEventStore<AccountEvent>();
    return Promise.resolve({
      store,
      other: store,
      [Symbol.asyncDispose]: () => store.close(),
    });
  });
  testElectionContract(register, "LeaderElection.local()", {
    join: async (options) => await LeaderElection.local(options),
  });
  testDiscoveryContract(register, "NodeDiscovery.local()", {
    join: (options) => NodeDiscovery.local(options),
  });
  testShardContract(register, "ShardManager.local()", {
    join: (options) => ShardManager.local(options),
  });
  testClusterContract(register, "ClusterManager.local()", {
    make: (options) => ClusterManager.local(options),
  });
  testHostContract(register, "eventSourced(), in memory", {
    make: (options) => ClusterManager.local(options),
    open: () => Promise.resolve(new InMemoryEventStore()),
  });
  testEachEventContract(register, "eachEvent(), in memory", {
    make: (options) => ClusterManager.local(options),
    open: () => Promise.resolve(new InMemoryEventStore()),
  });
}

/** How {@linkcode registerServerSuites} reaches a server. */
export interface ServerAccess {
  /** How the tests' names call it, such as `over TCP`. */
  readonly name: string;
  /** Opens a connection. */
  readonly connect: () => Promise<NatsConnection>;
  /** Whether the store runs its smoke set only. */
  readonly smoke: boolean;
}

/** Registers the suites of stores, buses and handlers on a server. */
export function registerServerSuites(
  register: RegisterTest,
  { name, connect, smoke }: ServerAccess,
): void {
  testEventStoreContract(register, `JetStream ${name}`, {
    separate: true,
    maxPayload: 1024 * 1024,
    race: { versions: 100 },
    runs: 10,
    smoke,
    open: (options) => openFixture({ connect }, options),
  });
  const telling = eventStoredBackend(connect);
  testEventStoredContract(register, `JetStream ${name}`, telling);
  testSaveTraces(register, `JetStream ${name}`, telling);
  testBusContract(register, `NatsEventBus ${name}`, natsBusBackend(connect, 2));
  testCommandHandlerContract(
    register,
    `handler over JetStream ${name}`,
    () => openHandlerFixture({ connect }),
  );
}
