import { EventBus } from "../../../bus/mod.ts";
import { testBusContract } from "../../support/bus_contract.ts";

testBusContract("EventBus", {
  blocks: true,
  open(options) {
    const bus = new EventBus(options);
    return Promise.resolve({
      bus,
      publisher: bus,
      settle: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => bus.close(),
    });
  },
});
