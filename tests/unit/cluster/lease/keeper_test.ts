import { assertEquals } from "@std/assert";
import { LeaseKeeper } from "../../../../cluster/lease/keeper.ts";
import { LocalRegister } from "../../../../cluster/lease/local_register.ts";
import type { LeaseEvent } from "../../../../cluster/lease/protocol.ts";
import type { LeaseRecord } from "../../../../cluster/lease/record.ts";
import { resolveDurations } from "../../../../cluster/lease/settings.ts";
import { waitFor } from "../../../support/conditions.ts";

Deno.test("release() lets nobody in while work goes on whose window has ended", async () => {
  const register = new LocalRegister();
  const written: LeaseRecord[] = [];
  let isCut = false;
  const contend = (holder: string, onEvent: (event: LeaseEvent) => void) => {
    const keeper = new LeaseKeeper({
      read: async () => {
        if (isCut) throw new Error("cut");
        return await register.read();
      },
      write: async (write) => {
        if (isCut) throw new Error("cut");
        written.push(write.record);
        return await register.write(write);
      },
    }, {
      holder,
      settings: resolveDurations({ lease: 1_500 }, "test"),
      isNameUnique: true,
      onEvent,
    });
    keeper.start();
    return keeper;
  };
  const work = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const a = contend("a", ({ kind }) => {
    if (kind !== "ended" || !isCut) return;
    isCut = false;
    a.release(work.promise).then(released.resolve);
  });
  await waitFor(() => a.isHeld());
  isCut = true;
  await released.promise;
  a.stop();
  const b = contend("b", () => {});
  await waitFor(() => b.isHeld(), { timeout: 60_000 });
  assertEquals(written.filter((record) => record.released), []);
  work.resolve();
  b.stop();
});
