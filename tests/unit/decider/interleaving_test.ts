import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  commandHandler,
  type CommandHandlerOptions,
  Rejection,
} from "../../../decider/mod.ts";
import { SaveOutcomeUnknownError } from "../../../store/errors.ts";
import type { EventStore } from "../../../store/event_store.ts";
import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";
import {
  account,
  type AccountCommand,
  type AccountEvent,
  deposit,
  withdraw,
} from "../../support/decider/accounts.ts";

/** A save that fails although it may have been stored. */
type Fault = "lost" | "stored" | undefined;

/** A store whose calls are taken up in the order that the scheduler chooses. */
function scheduled(
  store: EventStore<AccountEvent>,
  scheduler: fc.Scheduler,
  nextFault: () => Fault,
): EventStore<AccountEvent> {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const call = async (args: unknown[]) => {
        // On its way to the store, and back.
        await scheduler.schedule(Promise.resolve(), `${String(name)} sent`);
        const isSave = name === "saveEvent" || name === "saveEvents";
        const fault = isSave ? nextFault() : undefined;
        const unknown = new SaveOutcomeUnknownError("lost", []);
        if (fault === "lost") throw unknown;
        const result = await value.apply(target, args);
        await scheduler.schedule(Promise.resolve(), `${String(name)} done`);
        if (fault === "stored") throw unknown;
        return result;
      };
      return (...args: unknown[]) => call(args);
    },
  });
}

interface Order {
  readonly handler: number;
  readonly actorId: string;
  readonly commandId: string;
  readonly command: AccountCommand;
}

const command: fc.Arbitrary<AccountCommand> = fc.oneof(
  fc.integer({ min: 0, max: 9 }).map(deposit),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 2 }))
    .map(([amount, fee]) => withdraw(amount, fee)),
);
const order: fc.Arbitrary<Order> = fc.record({
  handler: fc.nat(2),
  actorId: fc.constantFrom("a", "b"),
  commandId: fc.nat(5).map((n) => `c-${n}`),
  command,
});
const options: fc.Arbitrary<CommandHandlerOptions> = fc.record({
  cachedActors: fc.constantFrom(0, 1, 10),
  retries: fc.constant(1_000),
  snapshots: fc.option(
    fc.record({ every: fc.constantFrom(1, 3), schema: fc.constant("1") }),
    { nil: undefined },
  ),
});

Deno.test("in any interleaving each command is applied once, and states are those of the stored events", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(order, { minLength: 1, maxLength: 12 }),
      fc.tuple(options, options, options),
      fc.array(fc.constantFrom<Fault>("lost", "stored", undefined), {
        maxLength: 6,
      }),
      async (scheduler, orders, options, faults) => {
        await using inner = new InMemoryEventStore<AccountEvent>();
        const store = scheduled(inner, scheduler, () => faults.pop());
        const handlers = options.map((own) =>
          commandHandler(store, account, own)
        );
        const execute = async (
          { handler, actorId, command, commandId }: Order,
        ) => {
          for (;;) {
            try {
              return await handlers[handler]!.execute(actorId, command, {
                commandId,
              });
            } catch (error) {
              if (error instanceof Rejection) return undefined;
              if (!(error instanceof SaveOutcomeUnknownError)) throw error;
            }
          }
        };
        const running = Promise.all(orders.map(execute));
        const answers = await scheduler.waitFor(running);

        for (const actorId of ["a", "b"]) {
          const events = await inner.getEvents(actorId);
          let { balance } = account.initialState;
          for (const event of events) {
            ({ balance } = account.evolve({ balance }, event));
            assert(balance >= 0, "a withdrawal was decided on an old state");
          }
          // Each handler sees the same, from its cache or not.
          for (const handler of handlers) {
            const { state, version } = await scheduler.waitFor(
              handler.load(actorId),
            );
            assertEquals(state, { balance });
            assertEquals(version, events.length);
          }
        }
        for (const [i, { actorId, commandId }] of orders.entries()) {
          const answer = answers[i];
          if (answer === undefined || answer.events.length === 0) continue;
          const own = (await inner.getEvents(actorId)).filter((event) =>
            event.commandId === commandId
          );
          // Of commands with the same id, the first that stored something.
          assertEquals(answer.events, own);
        }
      },
    ),
    { numRuns: 150 },
  );
});
