import type { NatsConnection } from "@nats-io/nats-core";
import { encodeName } from "../../internal/nats/names.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import {
  type ContractFixture,
  type ContractStoreOptions,
  testEventStoreContract,
} from "../support/event_store_contract.ts";
import { freshNamespace, openFixture } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { renderUser, storePermissions } from "../support/permissions.ts";

const inboxPrefix = "_INBOX_app";
const password = "secret";

/** As many namespaces as the tests of this file make up, and some. */
const namespaces = new Set(
  Array.from({ length: 100 }, (_, i) => `test-${i + 1}`),
);

let server: NatsServer;
let admin: NatsConnection;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start({ config: renderConfig() });
  admin = await connect(server, { user: "admin", pass: password });
});

Deno.test.afterAll(async () => {
  await admin?.close();
  await server?.[Symbol.asyncDispose]();
});

function userOf(namespace: string, create: boolean): string {
  return `${create ? "creator" : "user"}-${encodeName(namespace)}`;
}

/** Each namespace has a user who may create, and one who may not. */
function renderConfig(): string {
  const users = [...namespaces].flatMap((namespace) =>
    [true, false].map((create) =>
      renderUser(
        userOf(namespace, create),
        password,
        storePermissions({ namespace, inboxPrefix, create }),
      )
    )
  );
  const admins = `  { user: admin, password: ${password} }\n`;
  return `authorization { users: [\n${admins}${users.join("")}] }`;
}

async function openAsUser(
  create: boolean,
  { namespace = freshNamespace(), duplicateWindow }: ContractStoreOptions = {},
): Promise<ContractFixture> {
  if (!namespaces.has(namespace)) {
    namespaces.add(namespace);
    await server.reload(renderConfig());
  }
  const user = userOf(namespace, create);
  return await openFixture(
    {
      connect: () => connect(server, { user, pass: password, inboxPrefix }),
      admin,
    },
    { namespace, duplicateWindow },
    { inboxPrefix, create },
  );
}

const sizes = {
  separate: true,
  maxPayload: 1024 * 1024,
  race: { versions: 100 },
  runs: 5,
  smoke: true,
};

testEventStoreContract(Deno.test, "JetStream for a user who may create", {
  ...sizes,
  open: (options) => openAsUser(true, options),
});

testEventStoreContract(Deno.test, "JetStream for a user who may not create", {
  ...sizes,
  async open({ namespace = freshNamespace(), duplicateWindow } = {}) {
    const made = await JetStreamEventStore.open(admin, {
      namespace,
      duplicateWindow,
    });
    await made[Symbol.asyncDispose]();
    return await openAsUser(false, { namespace, duplicateWindow });
  },
});
