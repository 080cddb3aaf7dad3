/**
 * A program may hold two copies of nats-core, such as one of npm's and one of
 * JSR's: errors of the other copy are no instances of the classes imported here.
 */

import {
  type NatsConnection,
  PermissionViolationError,
} from "@nats-io/nats-core";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "npm:@nats-io/transport-node@3.3.1";
import {
  createEvent,
  JetStreamEventStore,
  NatsEventBus,
  PermissionDeniedError,
} from "../../mod.ts";
import { NatsServer } from "../support/nats_server.ts";
import { storePermissions } from "../support/permissions.ts";

const opened = createEvent({
  eventType: "Opened",
  actorId: "door-1",
  version: 1,
  data: {},
});

/** A server whose default user may read a store and little else. */
function startServer(): Promise<NatsServer> {
  const store = storePermissions({
    namespace: "doors",
    inboxPrefix: "_INBOX",
    create: true,
  });
  const publish = store.publish.filter((subject) =>
    !subject.startsWith("aether.events.")
  );
  const permissions = {
    publish: [...publish, "aether.bus.1.*.open.>"],
    subscribe: [...store.subscribe, "aether.bus.1.*.open.>"],
  };
  const users = [{ user: "reader", password: "secret", permissions }];
  return NatsServer.start({
    config: `authorization: ${JSON.stringify({ users })}\n` +
      "no_auth_user: reader",
  });
}

Deno.test("rights that are missing are told over a connection of another copy of nats-core", async () => {
  await using server = await startServer();
  // The other copy is an older one, whose connections lack a few methods.
  const nc = await connect({
    servers: server.url,
  }) as unknown as NatsConnection;
  await using _closing = { [Symbol.asyncDispose]: () => nc.close() };
  const denied = Promise.withResolvers<Error>();
  (async () => {
    for await (const status of nc.status()) {
      if (status.type === "error") denied.resolve(status.error);
    }
  })();

  await using store = await JetStreamEventStore.open(nc, {
    namespace: "doors",
  });
  const began = performance.now();
  await assertRejects(() => store.saveEvent(opened), PermissionDeniedError);
  assert(performance.now() - began < 10_000, "it was not told at once");
  const error = await denied.promise;
  assertEquals(error.name, "PermissionViolationError");
  assert(!(error instanceof PermissionViolationError), "it is the same copy");
  assertEquals(await store.getEvents("door-1"), []);

  await using bus = new NatsEventBus(nc);
  await assertRejects(
    () => bus.publish("closed", opened),
    PermissionDeniedError,
  );
  const refused = bus.subscribe("closed");
  await assertRejects(async () => {
    for await (const _ of refused);
  }, PermissionDeniedError);
  await using heard = bus.subscribe("open");
  await heard.ready;
  await bus.publish("open", opened);
  for await (const { event } of heard) {
    assertEquals(event, opened);
    break;
  }
});
