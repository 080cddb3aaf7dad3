/**
 * What event-sourced actors must do, run against each pair of a cluster and a
 * store.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  type ClusterManager,
  eventSourced,
  HandlerError,
} from "../../cluster/mod.ts";
import { type Decider, Rejection } from "../../decider/mod.ts";
import type { Event, EventStore } from "../../mod.ts";
import type { ClusterBackend } from "./cluster_contract.ts";
import { actorOf, ClusterFixture } from "./cluster_contract/fixture.ts";
import { waitFor } from "./conditions.ts";
import type { RegisterTest } from "./contract_runner.ts";

type AccountEvent =
  | Event<"Deposited", { amount: number }>
  | Event<"Withdrawn", { amount: number }>;

type Command =
  | { readonly type: "Deposit"; readonly amount: number }
  | { readonly type: "Withdraw"; readonly amount: number }
  | { readonly type: "Break" };

const account: Decider<number, Command, AccountEvent> = {
  initialState: 0,
  decide(command, balance) {
    switch (command.type) {
      case "Deposit":
        return { eventType: "Deposited", data: { amount: command.amount } };
      case "Withdraw":
        if (command.amount > balance) {
          throw new Rejection("too-poor", "Not enough money", { balance });
        }
        return { eventType: "Withdrawn", data: { amount: command.amount } };
      case "Break":
        throw new TypeError("balance is undefined");
    }
  },
  evolve: (balance, { eventType, data }) =>
    eventType === "Deposited" ? balance + data.amount : balance - data.amount,
};

/** A cluster, and the stores that its nodes have opened. */
export interface HostBackend extends ClusterBackend {
  /** Opens a store of the test's own; the same name is the same store. */
  open(name: string): Promise<EventStore<AccountEvent>>;
}

/** Registers the suite: one test for each promise, `name` in front. */
export function testHostContract(
  register: RegisterTest,
  name: string,
  backend: HostBackend,
): void {
  const test = (
    title: string,
    body: (
      fixture: ClusterFixture,
      open: () => Promise<EventStore<AccountEvent>>,
    ) => Promise<void>,
  ) =>
    register(`${name}: ${title}`, async () => {
      await using fixture = new ClusterFixture(backend);
      const namespace = `host-${crypto.randomUUID()}`;
      await body(fixture, () => backend.open(namespace));
      fixture.check();
    });

  const host = (store: EventStore<AccountEvent>) => (manager: ClusterManager) =>
    manager.host(
      "account",
      eventSourced(store, account, {
        reply: ({ state, version, duplicate, events }) => ({
          balance: state,
          version,
          duplicate,
          events: events.map(({ eventType }) => eventType),
        }),
      }),
    );

  /** Has a manager of a formed cluster ask for accounts. */
  const accountsOf = (
    manager: ClusterManager,
    store: EventStore<AccountEvent>,
  ) =>
    manager.actors(
      "account",
      eventSourced(store, account, {
        reply: ({ state, version, duplicate, events }) => ({
          balance: state,
          version,
          duplicate,
          events: events.map(({ eventType }) => eventType),
        }),
      }),
    );

  test(
    "a command is decided where its actor is, and stored",
    async (fixture, open) => {
      await using store = await open();
      const [one] = await fixture.form(2, host(store));
      const accounts = accountsOf(one!, store);
      for (const isOwn of [true, false]) {
        const actorId = actorOf(one!, isOwn);
        await accounts.request(actorId, { type: "Deposit", amount: 10 });
        const reply = await accounts.request(actorId, {
          type: "Withdraw",
          amount: 4,
        });
        assertEquals(reply, {
          balance: 6,
          version: 2,
          duplicate: false,
          events: ["Withdrawn"],
        });
        const events = await store.getEvents(actorId);
        assertEquals(events.map(({ eventType }) => eventType), [
          "Deposited",
          "Withdrawn",
        ]);
      }
    },
  );

  test(
    "a rejection reaches the caller typed, and stores nothing",
    async (fixture, open) => {
      await using store = await open();
      const [one] = await fixture.form(2, host(store));
      const accounts = accountsOf(one!, store);
      for (const isOwn of [true, false]) {
        const actorId = actorOf(one!, isOwn);
        const error = await assertRejects(() =>
          accounts.request(actorId, { type: "Withdraw", amount: 1 })
        );
        assertInstanceOf(error, Rejection);
        assertEquals([error.code, error.message, error.data], [
          "too-poor",
          "Not enough money",
          { balance: 0 },
        ]);
        assertEquals(await store.getLatestVersion(actorId), 0);
        // One that is broken fails its request, and the actor goes on.
        const broken = await assertRejects(() =>
          accounts.request(actorId, { type: "Break" })
        );
        assertInstanceOf(broken, HandlerError);
        assertEquals(broken.errorName, "TypeError");
        assertEquals(fixture.takeErrors().length, 1);
        await accounts.request(actorId, { type: "Deposit", amount: 1 });
      }
    },
  );

  test(
    "a command id is carried out once, also on the next owner",
    async (fixture, open) => {
      await using store = await open();
      const [one, two] = await fixture.form(2, host(store));
      const accounts = accountsOf(one!, store);
      const actorId = actorOf(one!, false);
      const deposit = { type: "Deposit", amount: 5 } as const;
      const first = await accounts.request(actorId, deposit, {
        commandId: "c1",
      });
      assertEquals([first.balance, first.duplicate], [5, false]);
      await accounts.request(actorId, deposit, { commandId: "c2" });
      const again = await accounts.request(actorId, deposit, {
        commandId: "c1",
      });
      assertEquals(again, {
        balance: 10, // today's state
        version: first.version, // the first outcome's
        duplicate: true,
        events: ["Deposited"],
      });
      await two!.leave();
      const later = await accounts.request(actorId, deposit, {
        commandId: "c1",
      });
      assertEquals([later.duplicate, later.balance], [true, 10]);
      assertEquals(await store.getLatestVersion(actorId), 2);
    },
  );

  test(
    "an actor moves with its state, and what two nodes decide is decided once",
    async (fixture, open) => {
      await using store = await open();
      const [one, two] = await fixture.form(2, host(store));
      const accounts = accountsOf(one!, store);
      const actorId = actorOf(one!, false);
      for (let i = 1; i <= 3; i++) {
        await accounts.request(actorId, { type: "Deposit", amount: i });
      }
      // Somebody else stores behind the owner's back, as a paused owner may.
      await store.append(actorId, [{
        eventType: "Deposited",
        data: { amount: 100 },
      }]);
      const reply = await accounts.request(actorId, {
        type: "Withdraw",
        amount: 106,
      });
      assertEquals([reply.balance, reply.version], [0, 5]);
      await two!.leave();
      const moved = await accounts.request(actorId, {
        type: "Deposit",
        amount: 1,
      });
      assertEquals([moved.balance, moved.version], [1, 6]);
    },
  );

  test(
    "actors leave memory when they are idle, and come back as they were",
    async (fixture, open) => {
      await using store = await open();
      const definition = eventSourced(store, account, {
        passivateAfter: 50,
        maxActive: 3,
        reply: ({ state }) => state,
      });
      const [one] = await fixture.form(
        1,
        (manager) => manager.host("account", definition),
      );
      const accounts = one!.actors("account", definition);
      const deposit = { type: "Deposit", amount: 1 } as const;
      for (let i = 0; i < 10; i++) {
        await accounts.request(`a-${i}`, deposit);
      }
      assertEquals(one!.metrics.active, 3);
      await waitFor(() => one!.metrics.active === 0);
      for (let i = 0; i < 10; i++) {
        assertEquals(await accounts.request(`a-${i}`, deposit), 2);
      }
    },
  );

  test(
    "a store that is closed fails requests with what happened",
    async (fixture, open) => {
      await using store = await open();
      const [one] = await fixture.form(1, host(store));
      await store.close();
      const accounts = accountsOf(one!, store);
      const error = await assertRejects(() =>
        accounts.request("a", { type: "Deposit", amount: 1 })
      );
      assertInstanceOf(error, HandlerError);
      assertEquals(error.errorName, "StoreClosedError");
      assertEquals(fixture.takeErrors().length, 1);
    },
  );
}
