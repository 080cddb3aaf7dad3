import { assert } from "@std/assert";
import { waitFor } from "../support/conditions.ts";
import { type Random, seeded } from "../support/history/random.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withServer } from "../support/with_server.ts";
import { Scenario } from "./_scenario.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is done to connections, each until it has had its effect. */
const faults: Record<
  string,
  (proxy: TcpProxy, scenario: Scenario, random: Random) => Promise<void>
> = {
  "connections are cut": async (proxy) => {
    await waitFor(() => proxy.connections > 0);
    proxy.cut();
  },
  "acknowledgements are lost, then connections": async (proxy) => {
    const before = proxy.droppedBytes;
    proxy.dropServerToClient();
    await waitFor(() => proxy.droppedBytes > before + 1_000);
    proxy.cut();
    proxy.passServerToClient();
  },
  "requests are held, then lost with the connections": async (
    proxy,
    _,
    random,
  ) => {
    proxy.pause("clientToServer");
    await pause(random.below(300));
    proxy.cut();
    proxy.unpause("clientToServer");
  },
  "answers come late": async (proxy, scenario, random) => {
    proxy.delay(50 + random.below(100), "serverToClient");
    await scenario.progress(50);
    proxy.delay(0, "serverToClient");
  },
  "everything comes late, and connections are cut": async (
    proxy,
    scenario,
    random,
  ) => {
    proxy.delay(20 + random.below(50));
    await scenario.progress(50);
    proxy.cut();
    proxy.delay(0);
  },
  "no connection is to be had for a while": async (proxy, _, random) => {
    await proxy.refuse();
    proxy.cut();
    await pause(random.below(500));
    await proxy.accept();
  },
};

Deno.test("a store keeps its promises when its connections are cut, delayed and lose acknowledgements", async () => {
  const random = seeded("connection cut");
  await withServer({}, async (server) => {
    const upstream = { port: server.port };
    await using first = await TcpProxy.start({ upstream });
    await using second = await TcpProxy.start({ upstream });
    const proxies = [first, second];
    await using scenario = await Scenario.start({
      random,
      namespace: "cut",
      writers: { w0: first, w1: second, w2: first, w3: second },
      readers: { r0: first, r1: second },
      writing: { inFlight: 60, actors: 40 },
    });
    const rounds = [...Object.entries(faults), ...Object.entries(faults)];
    while (rounds.length > 0) {
      const [[what, run]] = rounds.splice(random.below(rounds.length), 1) as [
        [string, typeof faults[string]],
      ];
      const proxy = random.pick(proxies);
      await scenario.progress(50);
      await pause(random.below(100)); // At any moment of a save.
      await scenario.fault(what, () => run(proxy, scenario, random));
    }
    await scenario.progress(50);
    const { outcomes } = await scenario.finish(server);
    for (const how of ["success", "conflict", "duplicate"]) {
      assert(outcomes.has(`saveEvent ${how}`), how);
    }
  });
});

Deno.test("a store keeps its promises when answers stay away for longer than an attempt waits", async () => {
  const random = seeded("silence");
  await withServer({}, async (server) => {
    await using proxy = await TcpProxy.start({
      upstream: { port: server.port },
    });
    await using scenario = await Scenario.start({
      random,
      namespace: "silence",
      writers: { w0: proxy, w1: proxy, w2: server },
      readers: { r0: proxy },
      writing: { inFlight: 30, actors: 10, contended: 0.3 },
    });
    await scenario.progress(50);
    await scenario.fault("requests are held for 6 s", async () => {
      proxy.pause("clientToServer");
      await pause(6_000);
      proxy.unpause("clientToServer");
    });
    await scenario.progress(50);
    await scenario.fault("answers are held for 6 s, then lost", async () => {
      proxy.pause("serverToClient");
      await pause(6_000);
      proxy.cut();
      proxy.unpause("serverToClient");
    });
    await scenario.progress(50);
    await scenario.finish(server);
  });
});

Deno.test("saves end as what they are when their connection is closed for good", async () => {
  const random = seeded("connection closed");
  await withServer({}, async (server) => {
    const upstream = { port: server.port };
    await using proxy = await TcpProxy.start({ upstream });
    const writing = { inFlight: 50, actors: 10, contended: 0.3 };
    await using scenario = await Scenario.start({
      random,
      namespace: "closed",
      writers: { w0: proxy, w1: server },
      readers: { r0: server },
      writing,
    });
    await scenario.progress(50);
    await pause(random.below(200));
    await scenario.fault("acknowledgements are lost, then close", async () => {
      let acknowledged = false;
      const decoder = new TextDecoder();
      proxy.dropServerToClient({
        // From the first one on: all saves might wait for reads just now, and
        // without their answers nothing would ever be acknowledged.
        match(chunk) {
          acknowledged ||= decoder.decode(chunk).includes('"seq":');
          return acknowledged;
        },
      });
      await waitFor(() => acknowledged);
      await scenario.connections[0]!.close();
    });
    await scenario.writers[0]!.stop();
    scenario.writers.shift();
    await scenario.progress(50);
    const { outcomes } = await scenario.finish(server, {
      allowed: ["ConnectionClosedError"],
    });
    assert(
      outcomes.has("saveEvent unknown") || outcomes.has("saveEvents unknown"),
    );
  });
});
