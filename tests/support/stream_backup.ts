/**
 * Backs a stream up and restores it by the server's own requests, as
 * `nats stream backup` and `nats stream restore` do.
 *
 * @module
 */

import type { Msg, NatsConnection } from "@nats-io/nats-core";

/** A stream as it was. */
export interface StreamBackup {
  readonly name: string;
  readonly config: unknown;
  readonly state: unknown;
  readonly chunks: readonly Uint8Array[];
}

async function ask<T>(
  nc: NatsConnection,
  subject: string,
  body: unknown,
): Promise<T> {
  const reply = await nc.request(subject, JSON.stringify(body));
  const answer = reply.json<T & { error?: { description: string } }>();
  if (answer.error) throw new Error(`${subject}: ${answer.error.description}`);
  return answer;
}

/** Takes a backup of a stream with its messages. */
export async function backUp(
  nc: NatsConnection,
  name: string,
): Promise<StreamBackup> {
  const inbox = `_INBOX.backup.${crypto.randomUUID()}`;
  const messages = nc.subscribe(inbox);
  const { config, state } = await ask<StreamBackup>(
    nc,
    `$JS.API.STREAM.SNAPSHOT.${name}`,
    { deliver_subject: inbox },
  );
  const chunks: Uint8Array[] = [];
  for await (const message of messages) {
    if (isLast(message)) break;
    chunks.push(message.data);
    message.respond(); // lets the server send more
  }
  return { name, config, state, chunks };
}

function isLast({ data }: Msg): boolean {
  return data.length === 0;
}

/** Makes the stream anew from its backup. */
export async function restore(
  nc: NatsConnection,
  { name, config, state, chunks }: StreamBackup,
): Promise<void> {
  const { deliver_subject } = await ask<{ deliver_subject: string }>(
    nc,
    `$JS.API.STREAM.RESTORE.${name}`,
    { config, state },
  );
  for (const chunk of chunks) await nc.request(deliver_subject, chunk);
  const reply = await nc.request(deliver_subject);
  const { error } = reply.json<{ error?: { description: string } }>();
  if (error) throw new Error(`Cannot restore ${name}: ${error.description}`);
}
