/**
 * Elections over NATS.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { encodeToken } from "../../internal/nats/names.ts";
import { traceLines } from "../../internal/telemetry/trace.ts";
import { BucketRegister } from "../lease/bucket_register.ts";
import { openNatsLink } from "../lease/nats_link.ts";
import type { OpenLink } from "./_link.ts";
import type { ResolvedJoin } from "./election_options.ts";

/**
 * Opens the cluster's bucket and finds out whether the lease may be read and
 * written.
 */
export async function openLink(
  nc: NatsConnection,
  options: ResolvedJoin,
  action: string,
): Promise<OpenLink> {
  const key = `lease.${encodeToken(options.name)}`;
  const { retry } = options.settings;
  const keys = [{ key, writes: true }];
  const open = await openNatsLink(nc, { ...options, retry, keys }, action);
  return (listener) => {
    const link = open({ ...listener, up: () => listener.changed() });
    link.subscribe(key, () => listener.changed());
    return {
      register: new BucketRegister(
        link.keys,
        key,
        () => traceLines(listener.trace()),
      ),
      isNew: false,
      publish: () => link.publish(key, ""),
      note: link.note,
      close: link.close,
    };
  };
}
