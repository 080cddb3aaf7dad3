/**
 * Appends to memory: this library's and Castore's.
 *
 * @module
 */

import { InMemoryEventStorageAdapter } from "@castore/event-storage-adapter-in-memory";
import { createEvent, InMemoryEventStore } from "@flowmade-one/aether";
import { actorNames, type OrderPlaced, orderPlaced } from "./_events.ts";

/** Events that are made before they are appended, outside of what is timed. */
const CHUNK = 10_000;

type Make = (actorId: string, version: number) => OrderPlaced;

/** Events as createEvent makes them: checked and frozen already. */
const created: Make = (actorId, version) =>
  createEvent(orderPlaced(actorId, version));

/** A store of either make. */
export interface Peer {
  append(event: OrderPlaced): Promise<unknown>;
  read(actorId: string): Promise<ArrayLike<unknown>>;
}

/** This library's. */
export function aether(): Peer {
  const store = new InMemoryEventStore<OrderPlaced>();
  return {
    append: (event) => store.saveEvent(event),
    read: (actorId) => store.getEvents(actorId),
  };
}

/** The adapter alone: what Castore's EventStore adds to it takes time too. */
export function castore(): Peer {
  const adapter = new InMemoryEventStorageAdapter();
  const context = { eventStoreId: "orders" };
  return {
    append({ actorId, version, eventType, data, timestamp }) {
      const event = {
        aggregateId: actorId,
        version,
        type: eventType,
        payload: data,
        timestamp,
      };
      return adapter.pushEvent(event, context);
    },
    read: async (actorId) => (await adapter.getEvents(actorId, context)).events,
  };
}

/** Appends one event after the other, to each actor in turn; events/s. */
async function appendRate(
  { append }: Peer,
  make: Make,
  actorCount: number,
  count: number,
): Promise<number> {
  const actors = actorNames(actorCount);
  let took = 0;
  for (let i = 0; i < count; i += CHUNK) {
    const events: OrderPlaced[] = [];
    for (let k = i; k < Math.min(count, i + CHUNK); k++) {
      const version = Math.floor(k / actors.length) + 1;
      events.push(make(actors[k % actors.length]!, version));
    }
    const began = performance.now();
    for (const event of events) await append(event);
    took += performance.now() - began;
  }
  return count / took * 1000;
}

/** Appends events that createEvent has made. */
export function appendCreated(actors: number, count: number): Promise<number> {
  return appendRate(aether(), created, actors, count);
}

/** Appends plain objects. */
export function appendPlain(actors: number, count: number): Promise<number> {
  return appendRate(aether(), orderPlaced, actors, count);
}

/** Appends to Castore. */
export function appendCastore(actors: number, count: number): Promise<number> {
  return appendRate(castore(), orderPlaced, actors, count);
}

/** Gives each of so many actors so many events. */
export async function fill(
  peer: Peer,
  actors: number,
  length: number,
): Promise<void> {
  await appendRate(peer, orderPlaced, actors, actors * length);
}
