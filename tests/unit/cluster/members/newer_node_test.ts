import { assertEquals, assertInstanceOf } from "@std/assert";
import { NodeDiscovery } from "../../../../cluster/mod.ts";
import { UnsupportedRecordError } from "../../../../cluster/lease/record.ts";
import { openLocalLink } from "../../../../cluster/members/local_key_values.ts";
import { seesReady } from "../../../support/discovery_contract/fixture.ts";

Deno.test("a node of a newer version keeps nobody else out, and is told of once", async () => {
  const cluster = crypto.randomUUID();
  const errors: unknown[] = [];
  await using a = await NodeDiscovery.local({
    cluster,
    nodeId: "a",
    onError: (error) => errors.push(error),
  });
  await a.ready;
  const link = openLocalLink(cluster)({
    up: () => {},
    over: () => {},
    report: () => {},
    reconnected: () => {},
  });
  let revision: number | undefined = 0;
  // It renews its lease as others join.
  for (const nodeId of ["b", "c", "d"]) {
    revision = await link.keys.write({
      key: "node.newer",
      bucket: link.keys.incarnation,
      expected: revision!,
      data: JSON.stringify({ format: 2 }),
    }, 0);
    const other = await NodeDiscovery.local({ cluster, nodeId });
    await seesReady(a, ["a", nodeId]);
    await other.leave();
  }
  await link.close();
  assertEquals(errors.length, 1);
  assertInstanceOf(errors[0], UnsupportedRecordError);
});
