// A test that fails while its server runs; `leftovers_test.ts` runs it.
import { withServer } from "../../support/with_server.ts";

Deno.test("a failing test", () =>
  withServer({ name: "unlucky" }, (server) => {
    console.log(`pid ${server.pid} at ${Deno.env.get("TMPDIR")}`);
    throw new Error("on purpose");
  }));
