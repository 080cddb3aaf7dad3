import { InMemoryEventStore } from "../../../store/in_memory_event_store.ts";
import { testEventStoreContract } from "../../support/event_store_contract.ts";

testEventStoreContract("InMemoryEventStore", {
  open({ duplicateWindow } = {}) {
    const store = new InMemoryEventStore({ duplicateWindow });
    return Promise.resolve({
      store,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    });
  },
});
