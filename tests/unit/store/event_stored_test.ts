import { InMemoryEventStore } from "../../../store/mod.ts";
import {
  type EventStoredBackend,
  testEventStoredContract,
} from "../../support/event_stored_contract.ts";
import { testSaveTraces } from "../../support/save_traces_contract.ts";

const backend: EventStoredBackend = {
  // deno-lint-ignore require-await -- what it throws is a rejection
  open: async (options) => new InMemoryEventStore(options),
};

testEventStoredContract(Deno.test, "InMemoryEventStore", backend);
testSaveTraces(Deno.test, "InMemoryEventStore", backend);
