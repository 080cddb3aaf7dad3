import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeEvent,
  encodeEvent,
  sameEvent,
} from "../../event/event_codec.ts";
import { createEvent } from "../../event/create_event.ts";
import type { Event } from "../../event/event.ts";
import { anyCharacter } from "../support/any_character.ts";

const program = new URL("../support/go_event/", import.meta.url);

interface GoTalk {
  /** What the Go program wrote by itself, a line each. */
  own: string[];
  /** What it answered to what it was sent, a line each. */
  answers: string[];
}

/** Runs the Go program; `send` says what to send it, given its own events. */
async function talkToGo(send: (own: string[]) => string[]): Promise<GoTalk> {
  await using child = new Deno.Command("go", {
    args: ["run", "."],
    cwd: program,
    env: { GOTOOLCHAIN: "local", GOFLAGS: "", GOWORK: "off" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const problems = new Response(child.stderr).text();
  const own: string[] = [];
  const answers: string[] = [];
  let sent: Promise<void> | undefined;
  for await (const line of lines(child.stdout)) {
    if (sent !== undefined) answers.push(line);
    else if (line !== "") own.push(line);
    else {
      const text = send(own).map((l) => l + "\n").join("");
      // A program that failed takes no more; its own words say why.
      sent = new Blob([text]).stream().pipeTo(child.stdin).catch(() => {});
    }
  }
  await (sent ?? child.stdin.close());
  const { code } = await child.status;
  if (code !== 0) throw new Error(`go run: ${await problems}`);
  await problems;
  return { own, answers };
}

async function* lines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of bytes.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + chunk).split("\n");
    rest = whole.pop()!;
    yield* whole;
  }
  assertEquals(rest, "");
}

/** A timestamp's nanoseconds, as Go counts them: further digits are cut. */
function nanoseconds(timestamp: string): bigint {
  const [, seconds, fraction = "", zone] = /^(.{19})(?:\.(\d+))?(.+)$/
    .exec(timestamp)!;
  const milliseconds = BigInt(Date.parse(seconds! + zone!));
  return milliseconds * 1_000_000n +
    BigInt(fraction.padEnd(9, "0").slice(0, 9));
}

const base = {
  id: "event-1",
  eventType: "OrderPlaced",
  actorId: "order-1",
  version: 1,
  data: {},
  timestamp: "2024-05-31T09:30:00Z",
};

function withUnknown(unknown: Record<string, unknown>): Event {
  return createEvent({ ...base, ...unknown });
}

const chosen: Event[] = [
  createEvent(base),
  createEvent({ eventType: "T", actorId: "a", version: 1, data: {} }),
  createEvent({
    id: "full",
    eventType: "Größe <>&",
    actorId: "kunde..müller/7 😀",
    commandId: "command-1",
    version: Number.MAX_SAFE_INTEGER,
    data: {
      zero: -0,
      numbers: [0.1, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53],
      text: '<a & b>\u2028\u2029\0\x7f\ufeff\ufffd\uffff😀"\\/',
      nested: { a: [[], {}, [null, true, false, ""]] },
      "": "",
    },
    metadata: { correlationId: "c", "": "", "a b": "ü" },
    timestamp: "2024-02-29T23:59:59.123456789-09:30",
  }),
  withUnknown({ tenant: { id: 7 }, "7": "seven", note: null }),
  ...[
    "0000-01-01T00:00:00Z",
    "0000-02-29T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "2024-05-31T09:30:00.1Z",
    "2024-05-31T09:30:00.000000001Z",
    "2024-05-31T09:30:00.123456789012Z",
    "2024-05-31T09:30:00-00:00",
    "9999-12-31T23:59:59.999999999-23:59",
  ].map((timestamp) => createEvent({ ...base, timestamp })),
];

const word = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 20 });
const anyEvent = fc.record({
  id: word,
  eventType: word,
  actorId: word,
  commandId: fc.string({ unit: anyCharacter }),
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  data: fc.dictionary(
    fc.string({ unit: anyCharacter }),
    fc.jsonValue({ maxDepth: 3, stringUnit: anyCharacter }),
  ),
  metadata: fc.dictionary(
    fc.string({ unit: anyCharacter }),
    fc.string({ unit: anyCharacter }),
  ),
  timestamp: fc.constant("2024-05-31T09:30:00Z"),
});

/** Whether Go is at hand; where it is not, the test is told to be ignored. */
async function hasGo(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("go", {
      args: ["version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test({
  name: "events written here and in Go are read in Go and here",
  ignore: !(await hasGo()),
  fn: async (t) => {
    const ours = [
      ...chosen,
      ...fc.sample(anyEvent, 200).map((init) => createEvent(init)),
    ];
    const { own, answers } = await talkToGo((own) => [
      ...own.map((line) => encodeEvent(decodeEvent(line))),
      ...ours.map(encodeEvent),
    ]);
    const backFromGo = answers.slice(own.length);

    await t.step("decodeEvent() reads Go's events", () => {
      assert(own.length >= 12, `${own.length} events`);
      const events = new Map(own.map(decodeEvent).map((e) => [e.id, e]));
      assertEquals<Event | undefined>(events.get("nil data"), {
        id: "nil data",
        eventType: "T",
        actorId: "a",
        version: 1,
        data: {},
        timestamp: "2024-05-31T09:30:00Z",
      });
      assertEquals(events.get("text")?.data, {
        html: '<a href="x">&amp;</a>',
        "<key>": "&",
        lines: "a\nb\r\tc\u2028d\u2029e",
        controls: "\x00\x01\x1f\x7f",
        emoji: "😀👩‍👩‍👧",
        bom: "\ufeff",
        replaced: "\ufffd\ufffd",
      });
      assertEquals(events.get("full")?.version, Number.MAX_SAFE_INTEGER);
      const timestamps = {
        "nanoseconds": "2024-05-31T09:30:00.123456789Z",
        "east": "2024-05-31T23:30:00+14:00",
        "west": "2024-05-31T00:00:00.000001001-09:30",
        "zero time": "0001-01-01T00:00:00Z",
      };
      for (const [id, timestamp] of Object.entries(timestamps)) {
        assertEquals(events.get(id)?.timestamp, timestamp);
      }
    });

    await t.step("Go reads its own events back as it wrote them", () => {
      assertEquals(
        answers.slice(0, own.length),
        // Go escapes U+FFFD only where it puts it in for bytes that are no text.
        own.map((line) =>
          line.replace('"data":null', '"data":{}').replaceAll(
            "\\ufffd",
            "\ufffd",
          )
        ),
      );
    });

    await t.step("Go reads ours", () => {
      assertEquals(backFromGo.length, ours.length);
      for (const [i, line] of backFromGo.entries()) {
        const back = decodeEvent(line);
        const event = ours[i]!;
        assert(sameEvent(back, event), `${line} is not ${encodeEvent(event)}`);
        assertEquals(back.commandId, event.commandId);
        assertEquals(
          new Map(Object.entries(back.metadata ?? {})),
          new Map(Object.entries(event.metadata ?? {})),
        );
        assertEquals(nanoseconds(back.timestamp), nanoseconds(event.timestamp));
      }
    });
  },
});
