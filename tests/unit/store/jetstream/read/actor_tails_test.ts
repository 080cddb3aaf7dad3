import { headers, type Msg } from "@nats-io/nats-core";
import { assert } from "@std/assert";
import fc from "fast-check";
import type { Multiplexer } from "../../../../../internal/nats/multiplexer.ts";
import { ActorTails } from "../../../../../store/jetstream/read/actor_tails.ts";
import { encodeEvent } from "../../../../../event/event_codec.ts";
import { StreamReader } from "../../../../../store/jetstream/stream/stream_reader.ts";
import { TailCache } from "../../../../../store/jetstream/read/tail_cache.ts";
import { createEvent } from "../../../../../event/create_event.ts";
import type { Consistency } from "../../../../../store/event_store.ts";

const CREATED = "2026-01-01T00:00:00Z";

const stream = {
  name: "S",
  incarnation: `S@${CREATED}`,
  replicas: 3,
  leadership: "s1@0",
  domain: "",
  storage: "file",
  mayExpire: false,
  duplicateWindow: 1_000,
  maxMessageSize: Infinity,
} as const;

const ROOT = "aether.events.n.";

const encoder = new TextEncoder();

/** What was stored so many requests ago every server knows. */
const LAGGING = 4;

/**
 * Three servers with a stream, each of which may think that it leads. They
 * answer by what they know, which is less than there is.
 */
class LaggingServers {
  /** The actors of the messages, in stream order. */
  readonly log: string[] = [];
  /** Up to this sequence messages have expired. */
  expired = 0;
  readonly #known = [0, 0, 0];
  readonly #choices: Iterator<number>;
  readonly #wait: () => Promise<void>;
  /** How long the stream was at each direct get, and at each other request. */
  readonly #lengths: Record<"direct" | "api", number[]> = {
    direct: [],
    api: [],
  };

  /**
   * @param choices Who answers, and how much it has learnt meanwhile.
   * @param wait Resolves when an answer comes in.
   */
  constructor(choices: Iterator<number>, wait: () => Promise<void>) {
    this.#choices = choices;
    this.#wait = wait;
  }

  readonly mux = {
    request: async (subject: string, payload: string) => {
      const read = this.#read(subject, payload);
      await this.#wait();
      return read;
    },
    requestMany: async (
      _subject: string,
      payload: string,
      _options: unknown,
      take: (msg: Msg) => boolean,
    ) => {
      const messages = this.#lastOf(JSON.parse(payload).multi_last);
      await this.#wait();
      for (const message of messages) if (take(message)) return;
    },
  } as unknown as Multiplexer;

  /** How much of the stream the server knows that answers now. */
  #upTo(how: "direct" | "api"): number {
    const lengths = this.#lengths[how];
    lengths.push(this.log.length);
    const choice = this.#choices.next().value;
    const server = choice % this.#known.length;
    const all = this.log.length;
    const known = this.#known[server]!;
    const learnt = Math.floor((all - known) * (choice % 7) / 6);
    const least = lengths.at(-1 - LAGGING) ?? 0;
    return this.#known[server] = Math.max(known + learnt, least);
  }

  #read(subject: string, payload: string): Msg {
    const isDirect = subject.startsWith("$JS.API.DIRECT.GET.");
    const upTo = this.#upTo(isDirect ? "direct" : "api");
    if (subject.startsWith("$JS.API.STREAM.INFO.")) {
      const first_seq = Math.min(this.expired, upTo) + 1;
      const state = { first_seq, last_seq: upTo };
      const config = { name: "S", num_replicas: 3 };
      return json({ created: CREATED, config, state });
    }
    const last = isDirect
      ? subject.slice("$JS.API.DIRECT.GET.S.".length)
      : JSON.parse(payload).last_by_subj;
    const sequence = this.#lastSequence(last, upTo);
    if (isDirect) {
      return sequence === 0
        ? { data: new Uint8Array(), headers: headers(404, "No Results") } as Msg
        : this.#message(sequence);
    }
    if (sequence === 0) {
      return json({ error: { code: 404, err_code: 10037, description: "" } });
    }
    const { data } = this.#message(sequence);
    const message = {
      subject: ROOT + this.log[sequence - 1],
      seq: sequence,
      hdrs: btoa("NATS/1.0\r\nAether-Save: s\r\n\r\n"),
      data: btoa(String.fromCharCode(...data)),
    };
    return json({ message });
  }

  #lastOf(subjects: readonly string[]): Msg[] {
    const upTo = this.#upTo("direct");
    const found = subjects.map((subject) => this.#lastSequence(subject, upTo))
      .filter((sequence) => sequence > 0)
      .sort((a, b) => a - b);
    if (found.length === 0) {
      return [
        { data: new Uint8Array(), headers: headers(404, "No Results") } as Msg,
      ];
    }
    const end = headers(204, "EOB");
    end.append("Nats-Num-Pending", "0");
    end.append("Nats-Last-Sequence", `${found.at(-1)}`);
    end.append("Nats-UpTo-Sequence", `${upTo}`);
    return [
      ...found.map((sequence, i) => this.#message(sequence, found[i - 1])),
      { data: new Uint8Array(), headers: end } as Msg,
    ];
  }

  #lastSequence(subject: string, upTo: number): number {
    const actor = subject.slice(ROOT.length);
    const last = actor === ">"
      ? upTo
      : this.log.slice(0, upTo).lastIndexOf(actor) + 1;
    return last > this.expired ? last : 0;
  }

  #message(sequence: number, before = 0): Msg {
    const actorId = this.log[sequence - 1]!;
    const head = headers();
    head.append("Aether-Save", "s");
    head.append("Nats-Subject", ROOT + actorId);
    head.append("Nats-Sequence", `${sequence}`);
    head.append("Nats-Last-Sequence", `${before}`);
    const event = { eventType: "X", actorId, version: sequence, data: {} };
    const data = encoder.encode(encodeEvent(createEvent(event)));
    return { data, headers: head } as Msg;
  }
}

function json(value: unknown): Msg {
  return { data: encoder.encode(JSON.stringify(value)) } as Msg;
}

/** The choices, over and over. */
function* endless(choices: readonly number[]): Generator<number, never> {
  for (let i = 0;; i++) yield choices[i % choices.length]!;
}

Deno.test("ActorTails never goes back, however much the servers lag that answer", async () => {
  const actor = fc.constantFrom("a", "b", "c", "d");
  const consistency = fc.constantFrom<Consistency>("strong", "eventual");
  const call = fc.oneof(
    fc.record({ what: fc.constant("save" as const), actor }),
    fc.record({ what: fc.constant("deliver" as const) }),
    fc.record({ what: fc.constant("expire" as const), but: fc.nat(3) }),
    fc.record({ what: fc.constant("read" as const), actor, consistency }),
    fc.record({
      what: fc.constant("readAll" as const),
      actors: fc.uniqueArray(actor, { minLength: 2 }),
      consistency,
    }),
    fc.record({ what: fc.constant("wait" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(call, { minLength: 10, maxLength: 40 }),
      fc.array(fc.nat(1_000), { minLength: 5, maxLength: 50 }),
      fc.scheduler(),
      async (capacity, calls, choices, scheduler) => {
        const servers = new LaggingServers(
          endless(choices),
          () => scheduler.schedule(Promise.resolve()),
        );
        const reader = new StreamReader(servers.mux, stream, 10_000);
        const cache = new TailCache(capacity);
        const place = { prefix: "aether", namespace: "n" };
        const tails = new ActorTails(reader, cache, place);
        /** The last sequence of each actor that was shown. */
        const shown = new Map<string, number>();
        const show = (actor: string, sequence: number, floor: number) => {
          assert(
            sequence >= floor || floor <= servers.expired,
            `${actor}: ${sequence} after ${floor}`,
          );
          shown.set(actor, Math.max(shown.get(actor) ?? 0, sequence));
        };
        const floorOf = (actor: string) => shown.get(actor) ?? 0;
        const read = async (actor: string, consistency: Consistency) => {
          const floor = floorOf(actor);
          const tail = await tails.of(actor, consistency, reader.bounds());
          show(actor, tail.sequence, floor);
        };
        const readAll = async (actors: string[], consistency: Consistency) => {
          const floors = actors.map(floorOf);
          const found = await tails
            .ofAll(actors, consistency, reader.bounds());
          actors.forEach((actor, i) => {
            show(actor, found.get(actor)!.sequence, floors[i]!);
          });
        };
        const save = async (actor: string) => {
          const sequence = servers.log.push(actor);
          await scheduler.schedule(Promise.resolve());
          const tail = { version: sequence, sequence, eventId: undefined };
          cache.advance(actor, { ...tail, trail: undefined });
          show(actor, sequence, 0);
        };
        const under: Promise<void>[] = [];
        for (const call of calls) {
          if (call.what === "save") under.push(save(call.actor));
          else if (call.what === "read") {
            under.push(read(call.actor, call.consistency));
          } else if (call.what === "readAll") {
            under.push(readAll(call.actors, call.consistency));
          } else if (call.what === "expire") {
            const upTo = servers.log.length - call.but;
            servers.expired = Math.max(servers.expired, upTo);
          } else if (call.what === "wait") {
            await scheduler.waitFor(Promise.all(under.splice(0)));
          } else if (servers.log.length > servers.expired) {
            const sequence = servers.log.length;
            const actor = servers.log[sequence - 1]!;
            cache.noteSeen(actor, sequence);
            show(actor, sequence, 0);
          }
        }
        await scheduler.waitFor(Promise.all(under));
      },
    ),
    { numRuns: 400 },
  );
});
