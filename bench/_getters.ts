/**
 * Ways to read an actor's events.
 *
 * @module
 */

import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import type { BareClient } from "./_bare_client.ts";
import { rootOf, streamOf } from "./_savers.ts";

const decoder = new TextDecoder();

/** How many there are. */
export async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}

/** Reads events of a namespace by bare direct gets. */
export class BareReader {
  readonly #client: BareClient;
  readonly #subject: string;
  readonly #root: string;

  constructor(client: BareClient, namespace: string) {
    this.#client = client;
    this.#subject = `$JS.API.DIRECT.GET.${streamOf(namespace)}`;
    this.#root = rootOf(namespace);
  }

  /** At most so many of an actor's events, parsed, in one request. */
  async batch(actor: string, count: number): Promise<unknown[]> {
    const events: unknown[] = [];
    await this.#batch(actor, count, (data) => {
      events.push(JSON.parse(decoder.decode(data)));
    });
    return events;
  }

  /** As {@linkcode batch}, but no event is looked at: how many came. */
  async received(actor: string, count: number): Promise<number> {
    let received = 0;
    await this.#batch(actor, count, () => {
      received++;
    });
    return received;
  }

  /** An actor's events at these sequences, parsed: a request each, at once. */
  async burst(
    actor: string,
    sequences: readonly number[],
  ): Promise<unknown[]> {
    const next_by_subj = `${this.#root}.${actor}`;
    return await Promise.all(sequences.map(async (seq) => {
      const request = JSON.stringify({ seq, next_by_subj, no_hdr: true });
      const { data } = await this.#client.request(this.#subject, request);
      return JSON.parse(decoder.decode(data));
    }));
  }

  /** The actor's first event, parsed: one request, one reply. */
  async first(actor: string): Promise<unknown> {
    const request = { seq: 1, next_by_subj: `${this.#root}.${actor}` };
    const { data } = await this.#client.request(
      this.#subject,
      JSON.stringify(request),
    );
    return JSON.parse(decoder.decode(data));
  }

  /** The last events of many actors, parsed: one request. */
  async last(actors: readonly string[]): Promise<unknown[]> {
    const events: unknown[] = [];
    const request = {
      multi_last: actors.map((actor) => `${this.#root}.${actor}`),
      batch: actors.length,
    };
    await this.#client.requestMany(
      this.#subject,
      JSON.stringify(request),
      ({ data }) => {
        if (data.length === 0) return true;
        events.push(JSON.parse(decoder.decode(data)));
        return false;
      },
    );
    return events;
  }

  async #batch(
    actor: string,
    count: number,
    take: (data: Uint8Array) => void,
  ): Promise<void> {
    const request = {
      seq: 1,
      next_by_subj: `${this.#root}.${actor}`,
      batch: count,
      no_hdr: true,
    };
    await this.#client.requestMany(
      this.#subject,
      JSON.stringify(request),
      ({ data }) => {
        if (data.length === 0) return true;
        take(data);
        return false;
      },
    );
  }
}

/** So many events by an ordered consumer of nats.js, parsed. */
export async function consume(
  connection: NatsConnection,
  namespace: string,
  actor: string,
  count: number,
): Promise<number> {
  const consumer = await jetstream(connection).consumers.get(
    streamOf(namespace),
    { filter_subjects: `${rootOf(namespace)}.${actor}` },
  );
  const messages = await consumer.consume({ max_messages: 1_000 });
  let taken = 0;
  for await (const message of messages) {
    message.json();
    if (++taken === count) break;
  }
  await messages.close();
  return taken;
}
