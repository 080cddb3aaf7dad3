/**
 * The last messages of many subjects, in as few requests as will do.
 *
 * @module
 */

import {
  MessageCollector,
  type Page,
  type PageRequest,
} from "./page_request.ts";
import type { StoredMessage } from "./stored_message.ts";

/** Bytes of a request for subjects beside their list, at most. */
const REQUEST_OVERHEAD_BYTES = 512;

/** The last messages of some subjects, by them. */
export interface LastMessages {
  readonly messages: Map<string, StoredMessage>;
  /**
   * How far the replica that answered knows the stream: 0 if it does not say,
   * undefined if the leader had to be asked.
   */
  readonly upTo: number | undefined;
}

/** Sends the requests. */
export interface LastRequests {
  /** Asks for a page until it is answered. */
  page<T>(request: Omit<PageRequest<T>, "stream">): Promise<Page<T>>;
  /** Bytes of a request at most, to the server of this moment. */
  maxPayload(): number;
}

/**
 * Asks for the last messages of at most 1,000 subjects, those that have one.
 *
 * @param witness A subject that has a message, beside them: with none a
 * replica does not say how far it knows the stream.
 */
export async function requestLast(
  requests: LastRequests,
  subjects: readonly string[],
  witness: string | undefined,
): Promise<{ messages: Map<string, StoredMessage>; upTo: number }> {
  const asked = witness === undefined ? subjects : [...subjects, witness];
  const isTooLong = () =>
    subjects.length > 1 &&
    listBytes(asked) > requests.maxPayload() - REQUEST_OVERHEAD_BYTES;
  const messages = new Map<string, StoredMessage>();
  let upTo = Infinity;
  try {
    for (let from = 0; !isTooLong();) {
      // A page that is full of bytes is gone on behind.
      const page = await requests.page({
        body: {
          multi_last: asked,
          batch: asked.length,
          ...(from > 0 && { seq: from }),
        },
        collect: () => new MessageCollector(),
        remaining: (pending) => pending,
      });
      for (const message of page.items) {
        messages.set(message.subject, message);
      }
      const isNone = page.lastSequence === 0;
      upTo = Math.min(upTo, isNone ? 0 : page.upTo);
      if (isNone || page.remaining === 0) return { messages, upTo };
      from = page.lastSequence + 1;
    }
  } catch (error) {
    // Another server may take less than the one before.
    if (!isTooLong()) throw error;
  }
  const half = Math.ceil(subjects.length / 2);
  const [first, second] = await Promise.all([
    requestLast(requests, subjects.slice(0, half), witness),
    requestLast(requests, subjects.slice(half), witness),
  ]);
  return {
    messages: new Map([...first.messages, ...second.messages]),
    upTo: Math.min(first.upTo, second.upTo),
  };
}

/** Bytes of a list of subjects as JSON; they are ASCII. */
function listBytes(subjects: readonly string[]): number {
  return subjects.reduce((sum, { length }) => sum + length + 3, 0);
}
