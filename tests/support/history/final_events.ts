/**
 * What is stored in the end, as a plain NATS client reads it.
 *
 * @module
 */

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import type { AnyEvent } from "../../../event/event.ts";
import {
  encodeActorId,
  eventSubjectRoot,
  streamName,
} from "../../../internal/nats/names.ts";
import { waitFor } from "../conditions.ts";
import { type FinalEvent, fingerprint } from "./records.ts";

const PATIENCE = { timeout: 30_000, message: "an answer of JetStream" };

/** Which stream. */
export interface StreamNames {
  /** @default {"aether"} */
  readonly prefix?: string;
  readonly namespace: string;
}

/** The last sequence of a store's stream. */
export async function lastSequence(
  nc: NatsConnection,
  { prefix = "aether", namespace }: StreamNames,
): Promise<number> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  const name = streamName(prefix, namespace);
  // Servers that have just failed may not answer yet.
  const { state } = await waitFor(() => manager.streams.info(name), PATIENCE);
  return state.last_seq;
}

/** All messages of a store's stream, in order, up to what is the last one now. */
export async function* readFinalEvents(
  nc: NatsConnection,
  { prefix = "aether", namespace }: StreamNames,
): AsyncGenerator<FinalEvent, void> {
  const last = await lastSequence(nc, { prefix, namespace });
  if (last === 0) return;
  const stream = streamName(prefix, namespace);
  const { consumers } = jetstream(nc);
  const consumer = await waitFor(() => consumers.get(stream), PATIENCE);
  const messages = await consumer.consume({ max_messages: 1_000 });
  for await (const { data, headers, seq, subject } of messages) {
    const event = JSON.parse(new TextDecoder().decode(data)) as AnyEvent;
    const { id, actorId, version, eventType } = event;
    if (
      subject !==
        `${eventSubjectRoot(prefix, namespace)}.${encodeActorId(actorId)}`
    ) {
      throw new Error(`An event of ${actorId} is stored under ${subject}`);
    }
    const batch = headers?.get("Nats-Batch-Id");
    yield {
      id,
      actor: actorId,
      version,
      print: fingerprint(event),
      sequence: seq,
      type: eventType,
      ...(batch && { batch }),
    };
    if (seq >= last) break;
  }
}
