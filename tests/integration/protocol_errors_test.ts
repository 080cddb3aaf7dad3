/**
 * Servers that end a connection say why, apart from all replies: calls, and
 * subscriptions, end with errors that pass it on.
 */

import { assertInstanceOf, assertStringIncludes } from "@std/assert";
import {
  ConnectionClosedError,
  ConnectionLostError,
  JetStreamEventStore,
  JetStreamUnavailableError,
  NatsEventBus,
} from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { makeEvent } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { refusalOf } from "../support/refusals.ts";
import { withServer } from "../support/with_server.ts";

const users = (...names: string[]) =>
  `authorization { users: [${
    names.map((name) => `{ user: ${name}, password: ${name} }`).join(", ")
  }] }`;

Deno.test("calls and subscriptions of a user who is taken away name that", () =>
  withServer({ config: users("ann", "bob") }, async (server) => {
    await using nc = await connect(server, { user: "ann", pass: "ann" });
    await using store = await JetStreamEventStore.open(nc);
    await using bus = new NatsEventBus(nc);
    await store.saveEvent(makeEvent("a", 1));
    await using events = store.subscribe({ after: "end" });
    await events.caughtUp;
    await using heard = bus.subscribe("orders");
    await heard.ready;
    const ends = [
      refusalOf(() => Array.fromAsync(events), 20_000),
      refusalOf(() => Array.fromAsync(heard), 20_000),
    ];
    await server.reload(users("bob"));
    await waitFor(() => nc.isClosed());
    for (
      const error of [
        ...await Promise.all(ends),
        await refusalOf(() => store.saveEvent(makeEvent("a", 2))),
        await refusalOf(() => store.getEvents("a")),
      ]
    ) {
      assertInstanceOf(error, ConnectionClosedError);
      assertStringIncludes(error.message, "Authorization Violation");
      assertInstanceOf(error.cause, Error);
    }
  }));

Deno.test("calls of a connection that the server lets in no more name that", () =>
  withServer({ config: users("ann", "bob") }, async (server) => {
    await using nc = await connect(server, {
      user: "ann",
      pass: "ann",
      ignoreAuthErrorAbort: true, // it goes on to dial
      reconnectTimeWait: 100,
    });
    await using store = await JetStreamEventStore.open(nc, {
      saveTimeout: 1_000,
      readTimeout: 1_000,
    });
    await using bus = new NatsEventBus(nc);
    await store.saveEvent(makeEvent("a", 1));
    await server.reload(users("bob"));
    await waitFor(() => nc.info === undefined);
    const save = await refusalOf(() => store.saveEvent(makeEvent("a", 2)));
    const read = await refusalOf(() => store.getEvents("a"));
    const publish = await refusalOf(() =>
      bus.publish("orders", makeEvent("a", 3))
    );
    assertInstanceOf(publish, ConnectionLostError);
    assertInstanceOf(save, JetStreamUnavailableError);
    assertInstanceOf(read, ConnectionLostError);
    for (const { message } of [publish, save, read]) {
      assertStringIncludes(message, "Authorization Violation");
    }
    await server.reload(users("ann", "bob"));
    await store.saveEvent(makeEvent("a", 2));
  }));
