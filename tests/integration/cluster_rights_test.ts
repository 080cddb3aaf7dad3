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

/** Each right of a role, in a cluster of its own whose user lacks it. */
function lacking(
  role: "member" | "client",
  permissionsOf: (cluster: string) => NatsPermissions,
) {
  const { publish, subscribe } = permissionsOf("any");
  const lists = Object.entries({ publish, subscribe }) as [
    keyof NatsPermissions,
    readonly string[],
  ][];
  return lists.flatMap(([list, subjects]) =>
    subjects.map((_, i) => {
      const cluster = `${role}-${list}-${i}`;
      const all = permissionsOf(cluster);
      const subject = all[list][i]!;
      const rest = all[list].filter((each) => each !== subject);
      const user = renderUser(cluster, "secret", { ...all, [list]: rest });
      return { role, cluster, subject, user };
    })
  );
}

/** Whether a message quotes a subject that a permission with wildcards has. */
function names(message: string, permission: string): boolean {
  const tokens = permission.split(".").map((token) =>
    token === "*" ? "[^.]+" : token === ">" ? ".+" : RegExp.escape(token)
  );
  return new RegExp(`"${tokens.join("[.]")}"`).test(message);
}

Deno.test("a member and a client hear of each right that is missing", async () => {
  const missing = [
    ...lacking("member", (cluster) => memberPermissions(cluster, INBOX, true)),
    ...lacking("client", (cluster) => clientPermissions(cluster, INBOX)),
  ];
  await using stack = new AsyncDisposableStack();
  const users = missing.map(({ user }) => user);
  users.push(`  { user: "admin", password: "secret" }`);
  const config = `authorization { users: [\n${users.join("")}] }`;
  const server = stack.use(await NatsServer.start({ config }));
  const connectAs = async (user: string) =>
    stack.adopt(
      await connect(server, { user, pass: "secret", inboxPrefix: INBOX }),
      (nc) => nc.close(),
    );
  const admin = await connectAs("admin");
  await Promise.all(missing.map(async ({ role, cluster, subject }) => {
    const options = { cluster, lease: 2_500, shards: 4, inboxPrefix: INBOX };
    if (role === "client") {
      stack.use(await ShardManager.join(admin, options));
    }
    const told: string[] = [];
    const onError = (error: unknown) => {
      told.push(`${error}`);
    };
    // Some rights are needed to join, others to lead, and to leave.
    const joined = ShardManager.join(await connectAs(cluster), {
      ...options,
      role,
      startTimeout: 60_000,
      onError,
    });
    const manager = await joined.catch(onError);
    if (subject.endsWith(".leader")) {
      await manager?.ready;
      await manager?.leave();
    }
    await waitFor(() => told.some((message) => names(message, subject)), {
      timeout: 60_000,
      message: () => `an error that names ${subject}, beside ${told}`,
    });
    await manager?.leave();
  }));
});
