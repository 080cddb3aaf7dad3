import { assertEquals, assertRejects } from "@std/assert";
import { resolveDurations } from "../../../../cluster/lease/settings.ts";
import { OWNED } from "../../../../cluster/map/cluster_map.ts";
import { openLocalLink } from "../../../../cluster/members/local_key_values.ts";
import {
  Membership,
  type MembershipListener,
  type MembershipOptions,
} from "../../../../cluster/members/membership.ts";
import { waitFor } from "../../../support/conditions.ts";

function optionsOf(cluster: string, nodeId: string): MembershipOptions {
  return {
    cluster,
    role: "member",
    nodeId,
    info: { weight: 1, appVersion: "", roles: [], metadata: {} },
    settings: resolveDurations({}, "test"),
    agreed: { shards: 4, deployment: "" },
    settle: 0,
    startTimeout: 60_000,
    isLocal: true,
    onError: undefined,
  };
}

Deno.test("join() becomes ready when the map lists the node before it knows of its lease", async () => {
  const cluster = crypto.randomUUID();
  const open = openLocalLink(cluster);
  const first = await Membership.join(
    open,
    optionsOf(cluster, "a"),
    {},
    undefined,
  );
  // Nothing else is to change the map later.
  await waitFor(() => first.map?.states.every((state) => state === OWNED));
  const listed = Promise.withResolvers<void>();
  const listener: MembershipListener = {
    applied: ({ members }) => {
      if (members.some(({ id }) => id === "b")) listed.resolve();
    },
  };
  // The lease is stored, and its answer is late.
  const second = await Membership.join(
    (listener) => {
      const link = open(listener);
      const { keys } = link;
      const write: typeof keys.write = async (write, timeout) => {
        const revision = await keys.write(write, timeout);
        if (write.key !== "node.b") return revision;
        link.publish("node", String(revision));
        await listed.promise;
        return revision;
      };
      return {
        ...link,
        keys: {
          incarnation: keys.incarnation,
          maxBytes: keys.maxBytes,
          read: keys.read.bind(keys),
          readNewer: keys.readNewer.bind(keys),
          readSince: keys.readSince.bind(keys),
          write,
        },
      };
    },
    optionsOf(cluster, "b"),
    listener,
    undefined,
  );
  await waitFor(() => second.self?.state === "ready", { timeout: 60_000 });
  assertEquals(first.map?.members.map(({ id }) => id), ["a", "b"]);
  await second.leave();
  await first.leave();
});

Deno.test("join() closes its link when it can't hear the others' news", async () => {
  const cluster = crypto.randomUUID();
  let closed = 0;
  const join = () =>
    Membership.join(
      (listener) => {
        const link = openLocalLink(cluster)(listener);
        return {
          ...link,
          subscribe: () => {
            throw new Error("the connection is down");
          },
          close: () => {
            closed++;
            return link.close();
          },
        };
      },
      optionsOf(cluster, "a"),
      {},
      undefined,
    );
  await assertRejects(join, Error, "the connection is down");
  assertEquals(closed, 1);
});
