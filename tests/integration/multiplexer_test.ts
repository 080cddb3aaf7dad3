import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ConnectionClosedError,
  ConnectionLostError,
  NoRespondersError,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import { Multiplexer } from "../../internal/nats/multiplexer.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** A multiplexer whose connection can be cut, and somebody who answers. */
async function withMultiplexer(
  use: (mux: Multiplexer, proxy: TcpProxy) => Promise<void>,
): Promise<void> {
  await using proxy = await TcpProxy.start({ upstream: server });
  const answering = await connect(server);
  answering.subscribe("echo", {
    callback: (_, msg) => void msg.respond(msg.data),
  });
  answering.subscribe("three", {
    callback: (_, msg) => {
      for (const part of ["1", "2", "3"]) msg.respond(part);
    },
  });
  answering.subscribe("silent", { callback: () => {} });
  await answering.flush();
  const nc = await connect(proxy.url);
  const mux = new Multiplexer(nc);
  try {
    await use(mux, proxy);
  } finally {
    await mux[Symbol.asyncDispose]();
    await nc.close();
    await answering.close();
  }
}

Deno.test("request() resolves with the reply that is its own", async () => {
  await withMultiplexer(async (mux) => {
    const replies = await Promise.all(
      Array.from(
        { length: 500 },
        (_, i) => mux.request("echo", String(i), { timeout: 5_000 }),
      ),
    );
    assertEquals(replies.map(({ data }) => Number(text(data))), [
      ...replies.keys(),
    ]);
  });
});

Deno.test("request() fails at once when nobody serves the subject", async () => {
  await withMultiplexer(async (mux) => {
    const error = await assertRejects(
      () => mux.request("nobody", "", { timeout: 60_000 }),
      NoRespondersError,
    );
    assertEquals(error.subject, "nobody");
  });
});

Deno.test("request() fails when there is no answer in time", async () => {
  await withMultiplexer(async (mux) => {
    await assertRejects(
      () => mux.request("silent", "", { timeout: 20 }),
      RequestTimeoutError,
    );
    // One that waits longer is not concerned.
    const error = await assertRejects(
      () =>
        Promise.race([
          mux.request("silent", "", { timeout: 60_000 }),
          mux.request("silent", "", { timeout: 30 }),
        ]),
      RequestTimeoutError,
    );
    assertEquals(error.timeout, 30);
  });
});

Deno.test("call() asks a call that waits long whether it is of use", async () => {
  await withMultiplexer(async (mux) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const reason = new Error("of no use");
    let asked = 0;
    mux.call(
      {
        subject: "silent",
        timeout: 60_000,
        take: () => true,
        late: () => ++asked === 3 ? reason : undefined,
        fail: resolve,
      },
      "",
      undefined,
    );
    assertEquals(await promise, reason);
    assertEquals(asked, 3);
    // One that is answered is not asked, and neither is one that was given up.
    await mux.request("echo", "", { timeout: 5_000 });
    await assertRejects(
      () => mux.request("silent", "", { timeout: 400 }),
      RequestTimeoutError,
    );
    assertEquals(asked, 3);
  });
});

Deno.test("request() gives up when the signal is aborted", async () => {
  await withMultiplexer(async (mux) => {
    const controller = new AbortController();
    const { signal } = controller;
    const options = { timeout: 60_000, signal };
    const waiting = mux.request("silent", "", options);
    controller.abort(new Error("given up"));
    await assertRejects(() => waiting, Error, "given up");
    await assertRejects(
      () => mux.request("echo", "", options),
      Error,
      "given up",
    );
  });
});

Deno.test("requestMany() takes replies until one is the last", async () => {
  await withMultiplexer(async (mux) => {
    const parts: string[] = [];
    await mux.requestMany("three", "", { timeout: 5_000 }, ({ data }) => {
      parts.push(text(data));
      return parts.length === 3;
    });
    assertEquals(parts, ["1", "2", "3"]);
    await assertRejects(
      () =>
        mux.requestMany("three", "", { timeout: 5_000 }, () => {
          throw new Error("not understood");
        }),
      Error,
      "not understood",
    );
  });
});

Deno.test("a late reply to a request that was given up reaches no other", async () => {
  await withMultiplexer(async (mux, proxy) => {
    await using answering = await connect(server);
    const replies: string[] = [];
    answering.subscribe("half", {
      callback: (_, msg) => {
        replies.push(msg.reply!);
        msg.respond("half");
      },
    });
    answering.subscribe("whole", {
      callback: (_, msg) => {
        for (const reply of replies) answering.publish(reply, "late");
        replies.push(msg.reply!);
        msg.respond("whole");
      },
    });
    await answering.flush();
    const whole = async () => {
      const parts: string[] = [];
      await mux.requestMany("whole", "", { timeout: 5_000 }, ({ data }) => {
        parts.push(text(data));
        return true;
      });
      return parts;
    };
    const half = (options: { timeout: number; signal?: AbortSignal }) =>
      mux.requestMany("half", "", options, () => false);

    assertEquals(await whole(), ["whole"]);
    await assertRejects(() => half({ timeout: 100 }), RequestTimeoutError);
    assertEquals(await whole(), ["whole"]);
    const controller = new AbortController();
    const aborted = half({ timeout: 60_000, signal: controller.signal });
    await waitFor(() => Promise.resolve(replies.length === 4));
    controller.abort(new Error("given up"));
    await assertRejects(() => aborted, Error, "given up");
    assertEquals(await whole(), ["whole"]);
    const cut = half({ timeout: 60_000 });
    await waitFor(() => Promise.resolve(replies.length === 6));
    proxy.cut();
    await assertRejects(() => cut, ConnectionLostError);
    await mux.watch.connected({ timeout: 10_000 });
    assertEquals(await whole(), ["whole"]);
    assertEquals(new Set(replies).size, replies.length);
  });
});

Deno.test("request() fails when the connection drops, and works when it is back", async () => {
  await withMultiplexer(async (mux, proxy) => {
    const { signal } = new AbortController();
    for (const options of [{ timeout: 60_000 }, { timeout: 60_000, signal }]) {
      const waiting = mux.request("silent", "", options);
      await proxy.refuse();
      proxy.cut();
      const lost = await assertRejects(() => waiting, ConnectionLostError);
      assert(lost.sent);
      const down = await assertRejects(
        () => mux.request("echo", "", options),
        ConnectionLostError,
      );
      assert(!down.sent);
      await assertRejects(
        () => mux.watch.connected({ timeout: 20 }),
        ConnectionLostError,
      );
      await proxy.accept();
      await mux.watch.connected({ timeout: 10_000, signal });
      const { data } = await mux.request("echo", "back", options);
      assertEquals(text(data), "back");
    }
  });
});

Deno.test("connected() gives up when the signal is aborted", async () => {
  await withMultiplexer(async (mux, proxy) => {
    await proxy.refuse();
    proxy.cut();
    const down = () =>
      mux.request("echo", "", { timeout: 1_000 }).then(() => false, () => true);
    await waitFor(down);
    const controller = new AbortController();
    const waiting = mux.watch.connected({
      timeout: 60_000,
      signal: controller.signal,
    });
    controller.abort(new Error("given up"));
    await assertRejects(() => waiting, Error, "given up");
  });
});

Deno.test("everything fails when the multiplexer or its connection is closed", async () => {
  await withMultiplexer(async (mux) => {
    const waiting = mux.request("silent", "", { timeout: 60_000 });
    await mux[Symbol.asyncDispose]();
    await mux[Symbol.asyncDispose]();
    await assertRejects(() => waiting, ConnectionClosedError);
    await assertRejects(
      () => mux.request("echo", "", { timeout: 1_000 }),
      ConnectionClosedError,
    );
  });
  await withMultiplexer(async (mux) => {
    const waiting = mux.request("silent", "", { timeout: 60_000 });
    await mux.watch.nc.close();
    await assertRejects(() => waiting, ConnectionClosedError);
    await assertRejects(
      () => mux.watch.connected({ timeout: 1_000 }),
      ConnectionClosedError,
    );
  });
});

Deno.test("a reply that a request does not take puts its deadline off by nothing", async () => {
  await using nc = await connect(server);
  await using other = await connect(server);
  let answering: ReturnType<typeof setInterval> | undefined;
  let answers = 0;
  other.subscribe("stranger", {
    callback: (_, msg) => {
      answering = setInterval(() => {
        msg.respond("nothing");
        if (++answers === 100) clearInterval(answering);
      }, 50);
    },
  });
  await other.flush();
  await using mux = new Multiplexer(nc);
  const reason = await new Promise((fail) => {
    mux.call(
      { subject: "stranger", timeout: 500, take: () => false, fail },
      "",
      undefined,
    );
  });
  clearInterval(answering);
  assert(reason instanceof RequestTimeoutError);
  assert(answers > 0 && answers < 100, `${answers} answers`);
});
