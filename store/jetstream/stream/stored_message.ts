/**
 * Stored messages: how an event becomes one, and how one is read back.
 *
 * @module
 */

import type { MsgHdrs } from "@nats-io/nats-core";
import { show } from "../../../internal/show.ts";
import { ReplayError } from "../../errors.ts";

/** Headers of stored messages. */
export const Header = {
  msgId: "Nats-Msg-Id",
  expectedSequence: "Nats-Expected-Last-Subject-Sequence",
  /** Whose sequence was expected, if not that of the message's own subject. */
  expectedSubject: "Nats-Expected-Last-Subject-Sequence-Subject",
  batchId: "Nats-Batch-Id",
  batchSequence: "Nats-Batch-Sequence",
  batchCommit: "Nats-Batch-Commit",
  /**
   * Names the call that stored the message, so that a retry can tell its own
   * doing from another's. A hint: no part of the layout.
   */
  save: "Aether-Save",
  /**
   * Where the actor's earlier messages lie, so that readers need not search
   * for them. A hint: no part of the layout.
   */
  trail: "Aether-Trail",
} as const;

/** A message as the server holds it. */
export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly data: Uint8Array;
  /** The first value of a header; empty when it has none. */
  header(name: string): string;
  /** When it was stored, by the server's clock: in RFC 3339 and UTC. */
  storedAt(): string;
}

/**
 * The sequence of the message before it of its subject, as the server checked
 * it, 0 for none; undefined if it was not checked.
 */
export function followedSequence(
  header: (name: string) => string,
): number | undefined {
  const expected = header(Header.expectedSequence);
  const isChecked = expected !== "" && header(Header.expectedSubject) === "";
  return isChecked ? Number(expected) : undefined;
}

/**
 * The report on a message that is no event of its actor.
 *
 * @param advice What to do about it, if there is something.
 */
export function replayError(
  actorId: string,
  sequence: number,
  data: Uint8Array,
  cause: unknown,
  advice = "",
): ReplayError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ReplayError(
    `The message at sequence ${sequence} is no event of actor ${
      show(actorId)
    }: ${reason}${advice}`,
    { sequence, rawData: new Uint8Array(data) },
    { cause },
  );
}

/** A stored message from the reply to a direct get. */
export function fromDirectGet(
  data: Uint8Array,
  headers: MsgHdrs,
): StoredMessage {
  // What the server adds comes last, behind what the message brought itself.
  const sequence = Number(headers.last("Nats-Sequence"));
  const subject = headers.last("Nats-Subject");
  return {
    subject,
    sequence,
    data,
    header: (name) => headers.get(name),
    storedAt: () => headers.last("Nats-Time-Stamp"),
  };
}

/** A message in the JSON of `STREAM.MSG.GET`. */
export interface ApiMessage {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly hdrs?: string;
    readonly data?: string;
    readonly time: string;
  };
}

const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** A stored message from the reply to `STREAM.MSG.GET`. */
export function fromApi({ message }: ApiMessage): StoredMessage {
  const { subject, seq, hdrs, data, time } = message;
  const lines = hdrs ? atob(hdrs).split("\r\n") : [];
  return {
    subject,
    sequence: seq,
    data: data ? fromBase64(data) : new Uint8Array(),
    header(name) {
      const line = lines.find((line) => line.startsWith(`${name}:`));
      return line ? line.slice(name.length + 1).trim() : "";
    },
    storedAt: () => time,
  };
}
