/**
 * A worker that reads a long history again and again, until it is ended.
 *
 * @module
 */

import { JetStreamEventStore } from "@flowmade-one/aether";
import { connect } from "../tests/support/nats_connect.ts";

/** What a reader is told to read. */
export interface ReaderTask {
  readonly url: string;
  readonly namespace: string;
  readonly actor: string;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<ReaderTask>) => void;
  postMessage(count: number): void;
};

scope.onmessage = async ({ data: { url, namespace, actor } }) => {
  const connection = await connect(url);
  const store = await JetStreamEventStore.open(connection, { namespace });
  for (;;) {
    let count = 0;
    for await (const _ of store.readEvents(actor)) {
      if (++count % 1_000 === 0) scope.postMessage(1_000);
    }
  }
};
