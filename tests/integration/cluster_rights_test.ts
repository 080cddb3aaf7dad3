import { assertEquals, assertRejects } from "@std/assert";
import {
  NodeDiscovery,
  PermissionDeniedError,
  ShardManager,
} from "../../cluster/mod.ts";
import {
  clientPermissions,
  memberPermissions,
} from "../support/cluster_permissions.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { type NatsPermissions, renderUser } from "../support/permissions.ts";

const CLUSTER = "default";
const LEASE = 800;
const INBOX = "_INBOX_app";

const USERS: Readonly<Record<string, NatsPermissions>> = {
  maker: memberPermissions(CLUSTER, INBOX, true),
  member: memberPermissions(CLUSTER, INBOX, false),
  client: clientPermissions(CLUSTER, INBOX),
};

Deno.test("members and clients need the rights that are listed, and no others", async () => {
  await using stack = new AsyncDisposableStack();
  const users = Object.entries(USERS).map(([user, permissions]) =>
    renderUser(user, user, permissions)
  );
  const config = `authorization { users: [\n${users.join("")}] }`;
  const server = stack.use(await NatsServer.start({ config }));
  const errors: unknown[] = [];
  const join = async (
    user: string,
    role: "member" | "client",
    create: boolean,
  ) => {
    const nc = stack.adopt(
      await connect(server, { user, pass: user, inboxPrefix: INBOX }),
      (nc) => nc.close(),
    );
    return stack.use(
      await ShardManager.join(nc, {
        role,
        create,
        lease: LEASE,
        settle: 20,
        shards: 16,
        inboxPrefix: INBOX,
        onError: (error) => errors.push(error),
      }),
    );
  };
  const maker = await join("maker", "member", true);
  const member = await join("member", "member", false);
  const client = await join("client", "client", false);
  await Promise.all([maker.ready, member.ready, client.ready]);
  assertEquals(client.nodes().length, 2);
  assertEquals([maker, member].map((each) => each.shards().length), [8, 8]);
  // Whoever is left leads, hands over, and takes what others have left.
  await maker.leave();
  await waitFor(() => member.shards().length === 16);
  await waitFor(() => client.nodes().length === 1);
  assertEquals(errors, []);
  const nc = stack.adopt(
    await connect(server, {
      user: "client",
      pass: "client",
      inboxPrefix: INBOX,
    }),
    (nc) => nc.close(),
  );
  const error = await assertRejects(
    () => NodeDiscovery.join(nc, { inboxPrefix: INBOX, nodeId: "a" }),
    PermissionDeniedError,
    "Cannot join cluster: ",
  );
  assertEquals(error.operation, "publish");
});
