/**
 * A run's figures as they are kept in a file, with what they were taken on.
 *
 * @module
 */

import { cpus } from "node:os";
import config from "../deno.json" with { type: "json" };
import core from "../tests/links/nats-core/deno.json" with { type: "json" };
import { findNatsServer } from "../tests/support/nats_binary.ts";
import type { Row } from "./_harness.ts";

/** What a run was taken on. */
export interface Environment {
  readonly machine: {
    readonly cpu: string;
    readonly cpus: number;
    /** Bytes of memory. */
    readonly memory: number;
    readonly os: string;
  };
  readonly versions: {
    readonly aether: string;
    readonly deno: string;
    readonly v8: string;
    readonly nats: string;
    readonly "nats-server": string;
    readonly castore: string;
    readonly emmett: string;
  };
}

/** A run. */
export interface Report extends Environment {
  /** `"quick"` figures are for a look, `"full"` ones to judge by. */
  readonly mode: "quick" | "full";
  /** When it began, in RFC 3339. */
  readonly began: string;
  /** How long it took. */
  readonly seconds: number;
  readonly rows: readonly Row[];
  /** Which measurements failed, and why. */
  readonly failures: readonly string[];
}

/** What this process runs on. */
export async function environment(): Promise<Environment> {
  const { version } = await findNatsServer();
  const processors = cpus();
  return {
    machine: {
      cpu: processors[0]?.model.trim() ?? Deno.build.arch,
      cpus: processors.length,
      memory: Deno.systemMemoryInfo().total,
      os: `${Deno.build.os} ${Deno.osRelease()}`,
    },
    versions: {
      aether: config.version,
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      nats: core.version,
      "nats-server": version,
      castore: config.imports["@castore/event-storage-adapter-in-memory"]
        .replace(/^.*@/, ""),
      emmett: config.imports["@event-driven-io/emmett"]
        .replace(/^.*@/, ""),
    },
  };
}

/** The environment in two lines. */
export function describe({ machine, versions }: Environment): string[] {
  const gib = (machine.memory / 2 ** 30).toFixed(1);
  return [
    `${machine.cpu}, ${machine.cpus} CPUs, ${gib} GiB, ${machine.os}`,
    `Deno ${versions.deno} (V8 ${versions.v8}), nats.js ${versions.nats}, ` +
    `nats-server ${versions["nats-server"]}, Castore ${versions.castore}, ` +
    `Emmett ${versions.emmett}`,
  ];
}
