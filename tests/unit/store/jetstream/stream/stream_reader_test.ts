import { assertEquals } from "@std/assert";
import { headers, type Msg } from "@nats-io/nats-core";
import type { Multiplexer } from "../../../../../internal/nats/multiplexer.ts";
import { StreamReader } from "../../../../../store/jetstream/stream/stream_reader.ts";

const stream = {
  name: "S",
  incarnation: "S@1",
  replicas: 1,
  leadership: "",
  domain: "",
  storage: "file",
  mayExpire: false,
  duplicateWindow: 1_000,
  maxMessageSize: Infinity,
} as const;

/** The messages of a subject, at sequences 2, 4, 6, ... */
const STORED = 10;

interface Request {
  readonly seq: number;
  readonly batch: number;
  readonly no_hdr?: boolean;
}

function message(fields: Record<string, number>, data = ""): Msg {
  const head = headers(data === "" ? 204 : 0, data === "" ? "EOB" : "");
  for (const [name, value] of Object.entries(fields)) {
    head.append(name, `${value}`);
  }
  return { data: new TextEncoder().encode(data), headers: head } as Msg;
}

/** What nats-server 2.15.2 answers. */
function answers({ seq, batch, no_hdr }: Request): Msg[] {
  const all = Array.from({ length: STORED }, (_, i) => 2 * (i + 1))
    .filter((sequence) => sequence >= seq);
  const sent = all.slice(0, batch);
  const messages = sent.map((sequence, i) => {
    const full = message({
      "Nats-Sequence": sequence,
      "Nats-Num-Pending": all.length - i - 1,
      "Nats-Last-Sequence": sent[i - 1] ?? 0,
    }, `${sequence}`);
    return no_hdr ? { data: full.data } as Msg : full;
  });
  const end = message({
    "Nats-Num-Pending": no_hdr ? all.length : all.length - sent.length,
    "Nats-Last-Sequence": sent.at(-1)!,
  });
  return [...messages, end];
}

/** A reader whose first answers come without those of these places. */
function readerWithout(...lost: number[]): {
  reader: StreamReader;
  requests: Request[];
} {
  const requests: Request[] = [];
  const mux: Pick<Multiplexer, "requestMany"> = {
    async requestMany(_subject, payload, _options, take) {
      const request = JSON.parse(payload as string);
      requests.push(request);
      await Promise.resolve();
      const isFirst = requests.length === 1;
      for (const [i, msg] of answers(request).entries()) {
        if (!(isFirst && lost.includes(i)) && take(msg)) return;
      }
    },
  };
  const reader = new StreamReader(mux as Multiplexer, stream, 5_000);
  return { reader, requests };
}

const text = (json: string | Uint8Array) =>
  typeof json === "string" ? json : new TextDecoder().decode(json);

for (const lost of [[], [0], [3], [5], [1, 2], [0, 1, 2, 3, 4, 5]]) {
  const expected = ["2", "4", "6", "8", "10", "12"];
  const count = lost.length === 0 ? 1 : 2;

  Deno.test(`payloads() asks ${count} time(s) when answers ${lost} are lost`, async () => {
    const { reader, requests } = readerWithout(...lost);
    const page = await reader.payloads("s", 1, 6, text, reader.bounds());
    assertEquals(page.items, expected);
    assertEquals(page.lastSequence, 12);
    assertEquals(page.remaining, 4);
    assertEquals(requests.length, count);
  });

  Deno.test(`messages() asks ${count} time(s) when answers ${lost} are lost`, async () => {
    const { reader, requests } = readerWithout(...lost);
    const page = await reader.messages("s", 1, 6, reader.bounds());
    assertEquals(page.items.map(({ data }) => text(data)), expected);
    assertEquals(page.lastSequence, 12);
    assertEquals(page.remaining, 4);
    assertEquals(requests.length, count);
  });
}

Deno.test("payloads() takes the last page for whole when it is", async () => {
  const { reader, requests } = readerWithout();
  const page = await reader.payloads("s", 13, 6, text, reader.bounds());
  assertEquals(page.items, ["14", "16", "18", "20"]);
  assertEquals(page.remaining, 0);
  assertEquals(requests.length, 1);
});

Deno.test("messages() asks the leader for the one message that can't be read", async () => {
  const unreadable = 8;
  const asked: string[] = [];
  const mux: Pick<Multiplexer, "requestMany" | "request"> = {
    async requestMany(_subject, payload, _options, take) {
      const request: Request = JSON.parse(payload as string);
      asked.push(`${request.batch} from ${request.seq}`);
      await Promise.resolve();
      for (const msg of answers(request)) {
        const isBad = text(msg.data) === `${unreadable}`;
        if (isBad) {
          Object.defineProperty(msg, "headers", {
            get() {
              throw new Error("no header can be read");
            },
          });
        }
        if (take(msg)) return;
      }
    },
    request: (_subject, payload) => {
      const { seq } = JSON.parse(payload as string);
      asked.push(`leader from ${seq}`);
      const found = { subject: "s", seq: unreadable, data: btoa("bad") };
      const reply = JSON.stringify({ message: found });
      return Promise.resolve({ data: new TextEncoder().encode(reply) } as Msg);
    },
  };
  const reader = new StreamReader(mux as Multiplexer, stream, 5_000);
  const read: [sequence: number, payload: string][] = [];
  for (let from = 1;;) {
    const page = await reader.messages("s", from, 6, reader.bounds());
    for (const { sequence, data } of page.items) {
      read.push([sequence, text(data)]);
    }
    if (page.remaining === 0) break;
    from = page.lastSequence + 1;
  }
  assertEquals(
    read,
    [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]
      .map((n) => [n, n === unreadable ? "bad" : `${n}`]),
  );
  // All before it at once, then it alone, then all behind it.
  assertEquals(asked, [
    "6 from 1",
    "3 from 1",
    "6 from 7",
    "leader from 7",
    "6 from 9",
  ]);
});

Deno.test("lastOf() knows the stream as far as the one that told least", async () => {
  const asked: Record<string, unknown>[] = [];
  const last = (sequence: number, before: number) =>
    message({ "Nats-Sequence": sequence, "Nats-Last-Sequence": before }, "x");
  const end = (sequence: number, pending: number, upTo: number) =>
    message({
      "Nats-Last-Sequence": sequence,
      "Nats-Num-Pending": pending,
      "Nats-UpTo-Sequence": upTo,
    });
  const pages = [
    [last(3, 0), last(7, 3), end(7, 2, 20)],
    [last(9, 0), end(9, 0, 11)],
  ];
  const mux: Pick<Multiplexer, "requestMany" | "maxPayload"> = {
    maxPayload: 1024 * 1024,
    async requestMany(_subject, payload, _options, take) {
      asked.push(JSON.parse(payload as string));
      await Promise.resolve();
      for (const msg of pages[asked.length - 1]!) if (take(msg)) return;
    },
  };
  const reader = new StreamReader(mux as Multiplexer, stream, 5_000);
  const { upTo } = await reader.lastOf(["a", "b", "c"], reader.bounds(), "w");
  assertEquals(upTo, 11);
  const multi_last = ["a", "b", "c", "w"];
  const common = { multi_last, batch: 4, max_bytes: 16 * 1024 * 1024 };
  assertEquals(asked, [common, { ...common, seq: 8 }]);
});

Deno.test("lastOf() does not take a message that can't be loaded for none", async () => {
  const status = (description: string) =>
    ({ data: new Uint8Array(), headers: headers(404, description) }) as Msg;
  const last = message({ "Nats-Sequence": 3, "Nats-Last-Sequence": 0 }, "x");
  const missing = status("Message Not Found");
  const pages = [[missing], [last, missing], [status("No Results")]];
  const mux: Pick<Multiplexer, "requestMany" | "maxPayload" | "watch"> = {
    maxPayload: 1024 * 1024,
    watch: { connected: () => Promise.resolve() } as Multiplexer["watch"],
    async requestMany(_subject, _payload, _options, take) {
      await Promise.resolve();
      for (const msg of pages.shift()!) if (take(msg)) return;
    },
  };
  const reader = new StreamReader(mux as Multiplexer, stream, 5_000);
  const { messages } = await reader.lastOf(["a", "b"], reader.bounds());
  assertEquals(messages.size, 0);
  assertEquals(pages, []);
});
