import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";
import { testCommandHandlerContract } from "../../support/command_handler_contract.ts";
import type { AccountEvent } from "../../support/decider/accounts.ts";

testCommandHandlerContract(Deno.test, "handler over memory", () => {
  const store = new InMemoryEventStore<AccountEvent>();
  return Promise.resolve({
    store,
    other: store,
    [Symbol.asyncDispose]: () => store.close(),
  });
});
