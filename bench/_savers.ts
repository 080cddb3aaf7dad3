/**
 * Ways to save an event, each to actors of its own in turn.
 *
 * @module
 */

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers, type MsgHdrs, type NatsConnection } from "@nats-io/nats-core";
import type { BareClient } from "./_bare_client.ts";
import type { OrderStore } from "./_deployment.ts";
import { actorNames, type OrderPlaced, orderPlaced } from "./_events.ts";

/** Saves the next event of an actor; the first gets 0, then 1 and so on. */
export type Saver = (i: number) => Promise<unknown>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the subjects of a namespace's events begin with. */
export const rootOf = (namespace: string): string =>
  `aether.events.${namespace}`;

/** The stream of a namespace. */
export const streamOf = (namespace: string): string => `AETHER_${namespace}`;

/** The last sequence of a namespace's stream. */
export async function lastSequence(
  connection: NatsConnection,
  namespace: string,
): Promise<number> {
  const manager = await jetstreamManager(connection);
  return (await manager.streams.info(streamOf(namespace))).state.last_seq;
}

/** Actors, and how far each of them is. */
export class Actors {
  readonly names: readonly string[];
  readonly #versions: Uint32Array;
  /** The sequence of each actor's last event. */
  readonly sequences: Float64Array;

  constructor(prefix: string, count: number) {
    this.names = actorNames(count, `${prefix}-`);
    this.#versions = new Uint32Array(count);
    this.sequences = new Float64Array(count);
  }

  /** The place among the actors of the one whose turn it is. */
  at(i: number): number {
    return i % this.names.length;
  }

  /** The next event of an actor. */
  next(at: number): OrderPlaced {
    return orderPlaced(this.names[at]!, ++this.#versions[at]!);
  }
}

/** Saves by the store. */
export function byStore(store: OrderStore, actors: Actors): Saver {
  return (i) => store.saveEvent(actors.next(actors.at(i)));
}

/** Saves by `js.publish`, with what the store promises of order and id. */
export function byPublish(
  connection: NatsConnection,
  namespace: string,
  actors: Actors,
): Saver {
  const js = jetstream(connection);
  const root = rootOf(namespace);
  return async (i) => {
    const at = actors.at(i);
    const event = actors.next(at);
    const lastSubjectSequence = actors.sequences[at]!;
    const { seq } = await js.publish(
      `${root}.${actors.names[at]}`,
      encoder.encode(JSON.stringify(event)),
      { msgID: event.id, expect: { lastSubjectSequence } },
    );
    actors.sequences[at] = seq;
  };
}

/** The headers of a save: its id and where its actor must be. */
export function saveHeaders(id: string, lastSequence: number): MsgHdrs {
  const all = headers();
  all.set("Nats-Msg-Id", id);
  all.set("Nats-Expected-Last-Subject-Sequence", String(lastSequence));
  return all;
}

/** The sequence in an acknowledgement; throws on a refusal. */
export function sequenceOf(data: Uint8Array): number {
  const { seq, error } = JSON.parse(decoder.decode(data));
  if (error) throw new Error(`refused: ${JSON.stringify(error)}`);
  return seq;
}

/**
 * Saves by a bare request.
 *
 * @param encoded Whether all have the one payload, which is made beforehand.
 */
export function byBareRequest(
  client: BareClient,
  namespace: string,
  actors: Actors,
  encoded = true,
): Saver {
  const root = rootOf(namespace);
  const subjects = actors.names.map((name) => `${root}.${name}`);
  const encode = (event: OrderPlaced) => encoder.encode(JSON.stringify(event));
  const same = encode(orderPlaced(actors.names[0]!, 1));
  return async (i) => {
    const at = actors.at(i);
    const payload = encoded ? same : encode(actors.next(at));
    const headers = saveHeaders(crypto.randomUUID(), actors.sequences[at]!);
    const { data } = await client.request(subjects[at]!, payload, headers);
    actors.sequences[at] = sequenceOf(data);
  };
}
