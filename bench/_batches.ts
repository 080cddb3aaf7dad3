/**
 * Ways to save several events at once, each of an actor of its own.
 *
 * @module
 */

import type { BareClient } from "./_bare_client.ts";
import type { OrderStore } from "./_deployment.ts";
import {
  type Actors,
  rootOf,
  saveHeaders,
  type Saver,
  sequenceOf,
} from "./_savers.ts";

const encoder = new TextEncoder();

/** Saves batches of a size by the store. */
export function batchesByStore(
  store: OrderStore,
  actors: Actors,
  size: number,
): Saver {
  return (i) =>
    store.saveEvents(
      Array.from({ length: size }, (_, k) =>
        actors.next(actors.at(i * size + k))),
    );
}

/** Saves batches of a size framed by hand, in one round trip each. */
export function batchesByHand(
  client: BareClient,
  namespace: string,
  actors: Actors,
  size: number,
): Saver {
  const root = rootOf(namespace);
  const { connection } = client;
  return async (i) => {
    const batchId = crypto.randomUUID();
    for (let k = 0; k < size; k++) {
      const at = actors.at(i * size + k);
      const event = actors.next(at);
      const subject = `${root}.${actors.names[at]}`;
      const payload = encoder.encode(JSON.stringify(event));
      const headers = saveHeaders(event.id, actors.sequences[at]!);
      headers.set("Nats-Batch-Id", batchId);
      headers.set("Nats-Batch-Sequence", String(k + 1));
      if (k < size - 1) {
        connection.publish(subject, payload, { headers });
        continue;
      }
      headers.set("Nats-Batch-Commit", "1");
      const { data } = await client.request(subject, payload, headers);
      const last = sequenceOf(data);
      for (let n = 0; n < size; n++) {
        actors.sequences[actors.at(i * size + n)] = last - size + 1 + n;
      }
    }
  };
}
