/**
 * What a candidate may do is exactly what it needs.
 */

import { assert, assertEquals } from "@std/assert";
import { LeaderElection, PermissionDeniedError } from "../../cluster/mod.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import {
  electionPermissions,
  type NatsPermissions,
  renderUser,
} from "../support/permissions.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";

const inboxPrefix = "_INBOX_app";
const pass = "secret";
const campaigner = electionPermissions({ inboxPrefix, create: false });
const maker = electionPermissions({ inboxPrefix, create: true });
const news = campaigner.publish.at(-1)!;

/** The permissions without one of the subjects. */
function without(
  { publish, subscribe }: NatsPermissions,
  subject: string,
): NatsPermissions {
  return {
    publish: publish.filter((each) => each !== subject),
    subscribe: subscribe.filter((each) => each !== subject),
  };
}

const users = [
  renderUser("maker", pass, maker),
  renderUser("campaigner", pass, campaigner),
  renderUser("mute", pass, without(campaigner, news)),
  ...maker.publish.filter((each) => each !== news)
    .map((subject, i) =>
      renderUser(`lacks-${i}`, pass, without(maker, subject))
    ),
  `  { user: "admin", password: ${pass} }`,
];

let server: NatsServer;

Deno.test.beforeAll(async () => {
  const config = `authorization { users: [\n${users.join("\n")}\n] }`;
  server = await NatsServer.start({ config });
});

Deno.test.afterAll(() => server?.[Symbol.asyncDispose]());

async function join(user: string, create: boolean) {
  await using stack = new AsyncDisposableStack();
  const nc = stack.adopt(
    await connect(server, { user, pass, inboxPrefix }),
    (nc) => nc.close(),
  );
  const errors: unknown[] = [];
  const election = stack.use(
    await LeaderElection.join(nc, {
      nodeId: user,
      create,
      inboxPrefix,
      lease: 800,
      onError: (error) => errors.push(error),
    }),
  );
  const resources = stack.move();
  return {
    election,
    errors,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

Deno.test("join() names the right that is missing, and leaves nothing behind", async () => {
  for (const [i, subject] of maker.publish.entries()) {
    if (subject === news) continue;
    const user = `lacks-${i}`;
    await using nc = await connect(server, { user, pass, inboxPrefix });
    const error = await assertRefusedAtOnce(
      () => LeaderElection.join(nc, { inboxPrefix }),
      PermissionDeniedError,
      { operation: "publish" },
      "grant it that permission",
    );
    const pattern = subject.split("*").map((part) => RegExp.escape(part));
    assert(new RegExp(`^${pattern.join("[^.]+")}$`).test(error.subject));
    await nc.flush();
    assertEquals(await subscriptionsOf(user), 0);
  }
});

/** How many subscriptions a user's connections have. */
async function subscriptionsOf(user: string): Promise<number> {
  const response = await fetch(`${server.monitorUrl}/connz?auth=1`);
  const { connections } = await response.json() as {
    connections: { authorized_user: string; subscriptions: number }[];
  };
  return connections.filter(({ authorized_user }) => authorized_user === user)
    .reduce((sum, { subscriptions }) => sum + subscriptions, 0);
}

Deno.test("a user with the rights of a candidate can campaign", async () => {
  await using first = await join("maker", true);
  await waitFor(() => first.election.isLeader());
  await using second = await join("campaigner", false);
  await first.election.release();
  await waitFor(() => second.election.isLeader());
  assertEquals([...first.errors, ...second.errors], []);
});

Deno.test("a candidate without the right to news hears of it and comes later", async () => {
  await using first = await join("maker", true);
  await waitFor(() => first.election.isLeader());
  await using second = await join("mute", false);
  await first.election.release();
  await waitFor(() => second.election.isLeader());
  await waitFor(() => second.errors.length > 0);
});
