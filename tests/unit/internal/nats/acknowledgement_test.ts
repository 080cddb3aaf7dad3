import { assertEquals, assertThrows } from "@std/assert";
import { JetStreamApiError } from "../../../../internal/nats/errors.ts";
import { AckReader } from "../../../../internal/nats/acknowledgement.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("an acknowledgement is the stream's in the domain it has now", () => {
  let domain = "";
  const acks = new AckReader("S", () => domain);
  const none = encode('{"stream":"S","seq":7}');
  const edge = encode('{"stream":"S","domain":"edge","seq":7}');
  const hub = encode('{"stream":"S","domain":"hub","seq":7}');
  const own = () =>
    [none, edge, hub].filter((reply) => {
      const plain = acks.plainSequence(reply);
      const ack = acks.read(reply);
      assertEquals(plain, ack?.sequence ?? 0);
      return plain === 7;
    });
  assertEquals(own(), [none]);
  domain = "edge";
  assertEquals(own(), [edge]);
  domain = "hub";
  assertEquals(own(), [hub]);
  domain = "";
  assertEquals(own(), [none]);
});

Deno.test("a refusal counts if it is the stream's or names none", () => {
  const acks = new AckReader("S", () => "");
  const refusal = (rest: string) =>
    encode(`{"error":{"code":400,"err_code":10071}${rest}}`);
  for (const rest of ["", ',"stream":"S","seq":0', ',"stream":"","seq":0']) {
    assertThrows(() => acks.read(refusal(rest)), JetStreamApiError);
  }
  assertEquals(acks.read(refusal(',"stream":"OTHER","seq":0')), undefined);
});

Deno.test("what is no JSON or no acknowledgement is none", () => {
  const acks = new AckReader("S", () => "");
  for (const text of ["", "null", "7", "[]", "{}", "hello", '{"stream":"S"}']) {
    assertEquals(acks.read(encode(text)), undefined);
    assertEquals(acks.plainSequence(encode(text)), 0);
  }
});
