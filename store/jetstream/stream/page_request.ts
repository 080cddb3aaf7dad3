/**
 * One request for a page of stored messages.
 *
 * @module
 */

import type { Msg, MsgHdrs } from "@nats-io/nats-core";
import type { JetStreamApiError } from "../../../internal/nats/errors.ts";
import { jetStreamError } from "../../../internal/nats/js_api.ts";
import { API_PREFIX } from "../../../internal/nats/js_api.ts";
import type { RequestOptions } from "../../../internal/nats/call.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { show } from "../../../internal/show.ts";
import {
  type MessageOrigin,
  originBefore,
  originIn,
} from "./_message_origin.ts";
import { fromDirectGet, type StoredMessage } from "./stored_message.ts";

/**
 * A page of messages is cut off behind this many bytes, so that a reader
 * holds no more of them at once.
 */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

/** Bytes the server counts for a message beside its payload, at most. */
const MAX_HEADER_BYTES = 8 * 1024;

/** Messages of one subject, in stream order. */
export interface Page<T> {
  readonly items: T[];
  /** The sequence of the last message; 0 when there were none. */
  readonly lastSequence: number;
  /** How many messages the server had behind the last one. */
  readonly remaining: number;
  /** For last messages: how far the replica knows the stream, if it says so. */
  readonly upTo: number;
}

const EMPTY_PAGE: Page<never> = {
  items: [],
  lastSequence: 0,
  remaining: 0,
  upTo: 0,
};

/** Messages of a page were lost on the way. */
export class IncompletePageError extends Error {
  override readonly name = "IncompletePageError";

  constructor(stream: string) {
    super(`Some messages of a page of stream ${show(stream)} did not arrive`);
  }
}

/** A stored message whose headers nats.js can't read, though the server can. */
export class UnreadableHeadersError extends Error {
  override readonly name = "UnreadableHeadersError";
  /** How many messages of the page came before it. */
  readonly before: number;

  constructor(before: number, options: ErrorOptions) {
    super("A stored message has headers that can't be read", options);
    this.before = before;
  }
}

/** Makes items of messages, in the order in which they come in. */
export interface Collector<T> {
  /**
   * Takes a message; with `no_hdr` it has neither origin nor headers.
   *
   * @param headers Gives its headers, or throws an
   * {@linkcode UnreadableHeadersError}.
   */
  add(
    data: Uint8Array,
    origin: MessageOrigin | undefined,
    headers: () => MsgHdrs | undefined,
  ): void;
  /** The item of each message, when the page is at its end. */
  end(): T[];
}

/** Collects messages as they are stored, which takes their headers. */
export class MessageCollector implements Collector<StoredMessage> {
  readonly #messages: StoredMessage[] = [];

  add(
    data: Uint8Array,
    _: MessageOrigin | undefined,
    headers: () => MsgHdrs | undefined,
  ): void {
    this.#messages.push(fromDirectGet(data, headers()!));
  }

  end(): StoredMessage[] {
    return this.#messages;
  }
}

/** Collects messages whose headers are read when one is asked for. */
export class LazyMessageCollector implements Collector<StoredMessage> {
  readonly #messages: StoredMessage[] = [];

  add(
    data: Uint8Array,
    origin: MessageOrigin | undefined,
    headers: () => MsgHdrs | undefined,
  ): void {
    const { subject, sequence, storedAt } = origin!;
    this.#messages.push({
      subject,
      sequence,
      data,
      storedAt: () => storedAt,
      header: (name) => headers()!.get(name),
    });
  }

  end(): StoredMessage[] {
    return this.#messages;
  }
}

/** A request for a page. */
export interface PageRequest<T> {
  readonly stream: string;
  /** As the server takes it; `max_bytes` is added. */
  readonly body:
    & { readonly batch: number; readonly no_hdr?: boolean }
    & Readonly<Record<string, unknown>>;
  /** Begins anew with each attempt. */
  collect(): Collector<T>;
  /** How many lie behind the page, by the number the server gives. */
  remaining(pending: number, taken: number): number;
}

/**
 * Asks once for a page, which must be complete.
 *
 * @throws {IncompletePageError} If messages were lost on the way, or the
 * server could not load one.
 * @throws {UnreadableHeadersError} If a message's headers can't be read.
 */
export async function requestPage<T>(
  mux: Multiplexer,
  { stream, body, collect, remaining }: PageRequest<T>,
  options: RequestOptions,
): Promise<Page<T>> {
  const collector = collect();
  let page: Page<T> = EMPTY_PAGE;
  let [count, bytes, before, isWhole] = [0, 0, 0, true];
  await mux.requestMany(
    `${API_PREFIX}.DIRECT.GET.${stream}`,
    JSON.stringify({ ...body, max_bytes: MAX_PAGE_BYTES }),
    options,
    (msg) => {
      const { data } = msg;
      const position = count;
      const readHeaders = () => headersOf(msg, position);
      const hasOrigin = !body.no_hdr && data.length > 0;
      let origin = hasOrigin ? originBefore(data) : undefined;
      const headers = origin === undefined ? readHeaders() : undefined;
      const status = statusOf(data, headers);
      if (status === undefined) {
        origin ??= headers && originIn(headers);
        collector.add(data, origin, readHeaders);
        count++;
        bytes += data.length;
        if (origin !== undefined) {
          // Each message tells which one the server sent before it.
          if (origin.previous !== before) isWhole = false;
          before = origin.sequence;
        }
        return false;
      }
      if (status === 404) {
        if (count > 0 || isMissing(body, headers)) {
          throw new IncompletePageError(stream);
        }
        return true;
      }
      if (status !== 204) throw unexpected(headers);
      const number = (name: string) => Number(headers!.get(name));
      const lastSequence = number("Nats-Last-Sequence");
      const pending = number("Nats-Num-Pending");
      if (body.no_hdr) {
        const isFull = bytes + count * MAX_HEADER_BYTES >= MAX_PAGE_BYTES;
        const most = Math.min(body.batch, pending);
        if (count < most && !isFull) isWhole = false;
      } else if (lastSequence !== before) isWhole = false;
      if (!isWhole) throw new IncompletePageError(stream);
      page = {
        items: collector.end(),
        lastSequence,
        remaining: remaining(pending, count),
        upTo: number("Nats-UpTo-Sequence"),
      };
      return true;
    },
  );
  return page;
}

/**
 * The message in the reply to a request for one; undefined if there is none.
 *
 * @throws {UnreadableHeadersError} If its headers can't be read.
 * @throws {JetStreamApiError} If the server refused.
 */
export function storedMessage(msg: Msg): StoredMessage | undefined {
  const headers = headersOf(msg, 0);
  const status = statusOf(msg.data, headers);
  if (status === undefined) return fromDirectGet(msg.data, headers!);
  if (status === 404) return undefined;
  throw unexpected(headers);
}

/** The payload in the reply to a request for one, without headers. */
export function storedPayload(msg: Msg): Uint8Array | undefined {
  const { data } = msg;
  return statusOf(data, msg.headers) === undefined ? data : undefined;
}

function headersOf(msg: Msg, before: number): MsgHdrs | undefined {
  try {
    return msg.headers;
  } catch (cause) {
    throw new UnreadableHeadersError(before, { cause });
  }
}

/**
 * The server's own status, if a reply is that and not a stored message, which
 * carries its sequence or, asked for without headers, has none at all.
 */
function statusOf(
  data: Uint8Array,
  headers: MsgHdrs | undefined,
): number | undefined {
  if (data.length > 0 || !headers) return undefined;
  return headers.has("Nats-Sequence") ? undefined : headers.code;
}

/**
 * Whether there is a last message that the server can't load, and not none: it
 * gives both the same status.
 */
function isMissing(body: object, headers: MsgHdrs | undefined): boolean {
  return "multi_last" in body && headers?.description !== "No Results";
}

function unexpected(headers: MsgHdrs | undefined): JetStreamApiError {
  const { code = 0, description = "" } = headers ?? {};
  return jetStreamError(0, code, description);
}
