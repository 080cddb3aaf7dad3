import { InMemoryEventStore } from "../../../store/mod.ts";
import { testEventStoredContract } from "../../support/event_stored_contract.ts";

testEventStoredContract("InMemoryEventStore", {
  // deno-lint-ignore require-await -- what it throws is a rejection
  open: async (options) => new InMemoryEventStore(options),
});
