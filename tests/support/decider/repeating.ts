/**
 * What a command does that is sent again.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { commandHandler } from "../../../decider/mod.ts";
import { commandEventId } from "../../../event/command_ids.ts";
import { createEvent } from "../../../event/create_event.ts";
import { withFaults } from "../../../testing/mod.ts";
import { account, deposit, withdraw } from "./accounts.ts";
import type { TestHandler } from "./fixture.ts";

export function repeatingContract(test: TestHandler): void {
  test("execute() does nothing again when the command id is known", async ({ store, other }) => {
    const accounts = commandHandler(store, account);
    await accounts.execute("a", deposit(10));
    const first = await accounts.execute("a", withdraw(3, 1), {
      commandId: "c-1",
    });
    await accounts.execute("a", deposit(100), { commandId: "c-2" });
    // Cached; cold; and by a decision that would be another today.
    for (const handler of [accounts, commandHandler(other, account)]) {
      for (const command of [withdraw(3, 1), withdraw(1_000), deposit(7)]) {
        const again = await handler.execute("a", command, {
          commandId: "c-1",
        });
        assertEquals(again, {
          state: { balance: 106 },
          version: 3,
          events: first.events,
          duplicate: true,
          attempts: 1,
        });
      }
    }
    assertEquals((await store.getEvents("a")).length, 4);
  });

  test("execute() finds its command before it expects a version", async ({ store }) => {
    const accounts = commandHandler(store, account);
    const options = { commandId: "c-1", expectedVersion: 0 };
    await accounts.execute("a", deposit(1), options);
    const { duplicate } = await accounts.execute("a", deposit(1), options);
    assertEquals(duplicate, true);
  });

  test("execute() gives the events of a command ids made of it", async ({ store }) => {
    const accounts = commandHandler(store, account);
    await accounts.execute("a", deposit(10));
    const { events } = await accounts.execute("a", withdraw(3, 1), {
      commandId: "c-1",
    });
    assertEquals(
      events.map(({ id, commandId }) => [id, commandId]),
      [0, 1].map((index) => [commandEventId("a", "c-1", index), "c-1"]),
    );
  });

  test("execute() takes a command id of another actor for another", async ({ store }) => {
    const accounts = commandHandler(store, account);
    for (const actorId of ["a", "b"]) {
      const { duplicate } = await accounts.execute(actorId, deposit(1), {
        commandId: "c-1",
      });
      assertEquals(duplicate, false);
    }
  });

  test("execute() forgets commands that stored nothing", async ({ store }) => {
    const accounts = commandHandler(store, account);
    const commandId = "c-1";
    await accounts.execute("a", deposit(0), { commandId });
    const { duplicate, events } = await accounts.execute("a", deposit(1), {
      commandId,
    });
    assertEquals([duplicate, events.length], [false, 1]);
  });

  test("execute() remembers so many commands, and beyond them those whose ids are taken", async ({ store, other }) => {
    const options = { rememberedCommands: 2 };
    const accounts = commandHandler(store, account, options);
    for (const commandId of ["c-1", "c-2", "c-3"]) {
      await accounts.execute("a", deposit(1), { commandId });
    }
    // Within the duplicate window the store knows the ids themselves.
    for (const handler of [accounts, commandHandler(other, account, options)]) {
      for (const commandId of ["c-3", "c-2", "c-1"]) {
        const { duplicate, events, state } = await handler.execute(
          "a",
          deposit(1),
          { commandId },
        );
        assertEquals([duplicate, state.balance], [true, 3]);
        assertEquals(events.map((event) => event.commandId), [commandId]);
      }
    }
    assertEquals((await store.getEvents("a")).length, 3);
  });

  test("execute() adds nothing to what another command of its id has stored", async ({ store, other }) => {
    await commandHandler(other, account).execute("a", deposit(10));
    const faulty = withFaults(store);
    const options = { commandId: "c-1" };
    // Its first event is that of the other one, which has no fee.
    faulty.faults.push({
      first: () =>
        commandHandler(other, account).execute("a", withdraw(2, 0), options),
    });
    const { events, duplicate, state } = await commandHandler(faulty, account)
      .execute("a", withdraw(2, 1), options);
    assertEquals([events.length, duplicate, state.balance], [1, true, 8]);
    assertEquals(await store.getLatestVersion("a"), 2);
  });

  test("execute() answers with what is stored when another has decided the same", async ({ store, other }) => {
    const accounts = commandHandler(store, account);
    await accounts.load("a");
    const stored = createEvent({
      id: commandEventId("a", "c-1", 0),
      eventType: "Deposited",
      actorId: "a",
      commandId: "c-1",
      version: 1,
      data: { amount: 5 },
      metadata: { writtenBy: "another" },
      timestamp: "2024-02-29T12:34:56Z",
    });
    await other.saveEvent(stored);
    // Identical but for metadata and time: the save itself succeeds.
    const { events, duplicate } = await accounts.execute("a", deposit(5), {
      commandId: "c-1",
    });
    assertEquals([events, duplicate], [[stored], true]);
  });
}
