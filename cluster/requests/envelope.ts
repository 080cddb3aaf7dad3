/**
 * Requests and replies as bytes: a line of JSON, and then the payload, which is
 * JSON or bytes. Headers of NATS would cost more.
 *
 * @module
 */

import { InvalidEventError } from "../../event/errors.ts";
import { thawedCopy } from "../../event/json.ts";
import { encodeUtf8 } from "../../internal/nats/encoding.ts";
import type { TraceContext } from "../../internal/telemetry/types.ts";
import type { HandlerFailure } from "./errors.ts";

/** What a payload can be: JSON, or bytes. */
export type Body = { readonly json: string } | { readonly bytes: Uint8Array };

/** Which sending of a call this is. */
export interface CallAttempt {
  /** Of the call, whichever node it is sent to. */
  readonly id: string;
  /** 1 the first time. */
  readonly number: number;
}

/** A request on its way. */
export interface Envelope {
  readonly kind: string;
  readonly actorId: string;
  /** At which the sender has the actor's shard owned. */
  readonly epoch: number;
  /** Milliseconds that are left for it. */
  readonly timeLeft: number;
  readonly commandId: string | undefined;
  /** There for those that may be sent again. */
  readonly attempt: CallAttempt | undefined;
  readonly trace: TraceContext | undefined;
  readonly body: Body;
}

/**
 * Why a node has not begun: it has no handler for the kind, too much to do, the
 * time is up, or it can't read the request.
 */
export type Refusal = "unknown-kind" | "overloaded" | "expired" | "unreadable";

/** What became of a request. */
export type Reply =
  /** It was handled. */
  | { readonly type: "done"; readonly epoch: number; readonly body: Body }
  /** The handler failed. */
  | {
    readonly type: "failed";
    readonly epoch: number;
    readonly failure: HandlerFailure;
  }
  /** Not begun: the node does not own the shard. */
  | {
    readonly type: "not-owner";
    readonly epoch: number;
    readonly owner: string | undefined;
  }
  /** Not begun. */
  | { readonly type: Refusal }
  /** Begun, but the node may not answer for the shard any more. */
  | { readonly type: "lost" };

/** Version of the format, first in each line. */
const FORMAT = 1;
const NEWLINE = 10;
/** More than the line of a message takes: names and ids are bounded. */
const MAX_LINE_BYTES = 16 * 1024;
const decoder = new TextDecoder();

/** A message that is no request, or no reply, of this format. */
export class MalformedEnvelopeError extends Error {
  override readonly name = "MalformedEnvelopeError";
}

function join(head: readonly unknown[], body: Body | undefined): Uint8Array {
  const line = JSON.stringify([FORMAT, ...head]);
  if (body === undefined) return encodeUtf8(line);
  if ("json" in body) return encodeUtf8(`${line}\n${body.json}`);
  const start = encodeUtf8(`${line}\n`);
  const all = new Uint8Array(start.length + body.bytes.length);
  all.set(start);
  all.set(body.bytes, start.length);
  return all;
}

/** The line, and what is behind it. */
function split(message: Uint8Array): [head: unknown[], rest: Uint8Array] {
  const newline = message.indexOf(NEWLINE);
  const end = newline < 0 ? message.length : newline;
  let head: unknown;
  try {
    head = JSON.parse(decoder.decode(message.subarray(0, end)));
  } catch (cause) {
    throw new MalformedEnvelopeError("The message is not JSON", { cause });
  }
  if (!Array.isArray(head) || head[0] !== FORMAT) {
    throw new MalformedEnvelopeError("The message is of another format");
  }
  return [head.slice(1), message.subarray(end + 1)];
}

/** Which kind of body follows the line. */
const formOf = (body: Body) => "json" in body ? 0 : 1;

function bodyOf(form: unknown, rest: Uint8Array): Body {
  if (form === 0) return { json: decoder.decode(rest) };
  return { bytes: new Uint8Array(rest) };
}

/** Writes a request. */
export function encodeRequest(envelope: Envelope): Uint8Array {
  const { kind, actorId, epoch, timeLeft, body } = envelope;
  const { attempt, commandId, trace } = envelope;
  const head: unknown[] = [formOf(body), kind, actorId, epoch, timeLeft];
  if (attempt !== undefined || trace !== undefined) {
    head.push(attempt?.id ?? null, attempt?.number ?? 0, commandId ?? null);
  }
  if (trace !== undefined) head.push(trace.traceparent, trace.tracestate);
  return join(head, body);
}

/**
 * Reads a request.
 *
 * @throws {MalformedEnvelopeError} If it is none.
 */
export function decodeRequest(message: Uint8Array): Envelope {
  const [head, rest] = split(message);
  const [form, kind, actorId, epoch, timeLeft, ...more] = head;
  const [id, number, commandId, parent, state] = more;
  if (
    typeof kind !== "string" || typeof actorId !== "string" ||
    !Number.isSafeInteger(epoch) || typeof timeLeft !== "number"
  ) throw new MalformedEnvelopeError("The message is no request");
  const trace = typeof parent !== "string" ? undefined : {
    traceparent: parent,
    ...(typeof state === "string" && { tracestate: state }),
  };
  return {
    kind,
    actorId,
    epoch: epoch as number,
    timeLeft,
    commandId: typeof commandId === "string" ? commandId : undefined,
    attempt: typeof id === "string" && typeof number === "number"
      ? { id, number }
      : undefined,
    trace,
    body: bodyOf(form, rest),
  };
}

/**
 * Writes a reply. One of more than `maxBytes` bytes becomes a failure that says
 * so: its caller would wait for nothing.
 */
export function encodeReply(reply: Reply, maxBytes: number): Uint8Array {
  const message = writeReply(reply);
  const { length } = message;
  const hasEpoch = reply.type === "done" || reply.type === "failed";
  if (length <= maxBytes || !hasEpoch) return message;
  return writeReply(failedReply(reply, length, maxBytes));
}

/** A reply as another node would get it. */
export function asReceived(reply: Reply, maxBytes: number): Reply {
  const isSmall = reply.type !== "done" || !mayExceed(reply.body, maxBytes);
  return isSmall ? reply : decodeReply(encodeReply(reply, maxBytes));
}

/** Whether a message with this body may take more bytes, with its line. */
export function mayExceed(body: Body, maxBytes: number): boolean {
  const most = "json" in body ? 3 * body.json.length : body.bytes.length;
  return most + MAX_LINE_BYTES > maxBytes;
}

function failedReply(
  { type, epoch }: Reply & { type: "done" | "failed" },
  size: number,
  limit: number,
): Reply {
  const what = type === "done" ? "reply" : "handler's error";
  const failure = {
    name: "ReplyTooLargeError",
    message:
      `The ${what} takes ${size} bytes, the server takes at most ${limit} (max_payload)`,
    data: { size, limit },
  };
  return { type: "failed", epoch, failure };
}

function writeReply(reply: Reply): Uint8Array {
  const { type } = reply;
  switch (type) {
    case "done":
      return join([type, formOf(reply.body), reply.epoch], reply.body);
    case "failed":
      return join([type, reply.epoch, reply.failure], undefined);
    case "not-owner":
      return join([type, reply.epoch, reply.owner ?? null], undefined);
    default:
      return join([type], undefined);
  }
}

/**
 * Reads a reply.
 *
 * @throws {MalformedEnvelopeError} If it is none.
 */
export function decodeReply(message: Uint8Array): Reply {
  const [[type, first, second], rest] = split(message);
  switch (type) {
    case "done":
      return { type, epoch: Number(second), body: bodyOf(first, rest) };
    case "failed":
      return {
        type,
        epoch: Number(first),
        failure: second as HandlerFailure,
      };
    case "not-owner":
      return {
        type,
        epoch: Number(first),
        owner: typeof second === "string" ? second : undefined,
      };
    case "unknown-kind":
    case "overloaded":
    case "expired":
    case "unreadable":
    case "lost":
      return { type };
    default:
      throw new MalformedEnvelopeError("The message is no reply");
  }
}

/**
 * What a payload is on its way: bytes if it is a Uint8Array, else JSON;
 * `undefined` is JSON's `null`.
 *
 * @param name What it is called in errors.
 * @throws {TypeError} If something in it is not JSON, with the path to it.
 */
export function toBody(payload: unknown, action: string, name: string): Body {
  if (payload instanceof Uint8Array) return { bytes: new Uint8Array(payload) };
  if (payload === undefined) return { json: "null" };
  try {
    return { json: JSON.stringify(thawedCopy(payload, name, action)) };
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    throw new TypeError(error.message);
  }
}

/** The receiver's own copy of a payload. */
export function fromBody(body: Body): unknown {
  return "json" in body ? JSON.parse(body.json) : new Uint8Array(body.bytes);
}
