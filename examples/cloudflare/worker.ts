/**
 * Orders in a Worker of Cloudflare's. A connection belongs to the request that
 * opened it: a read opens a store and closes it again, and what is written goes
 * through a Durable Object, which keeps one store for all its requests.
 *
 *     POST /orders/order-1   { "eventType": "OrderPlaced", "data": { ... } }
 *     GET /orders/order-1
 *
 * @module
 */

import { type Event, JetStreamEventStore } from "@flowmade-one/aether";
import { type NatsConnection, wsconnect } from "@nats-io/nats-core";

/** What wrangler.json binds. */
export interface Env {
  /** Where NATS listens for WebSockets, such as `wss://nats.example.com`. */
  readonly NATS_URL: string;
  /** The Durable Objects of {@linkcode Orders}. */
  readonly ORDERS: {
    getByName(name: string): { fetch(request: Request): Promise<Response> };
  };
}

/** The Worker. */
const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  async fetch(request, env) {
    const orderId = orderIdOf(request);
    if (orderId === undefined) return new Response(null, { status: 404 });
    return request.method === "POST"
      ? await env.ORDERS.getByName("all").fetch(request)
      : await read(orderId, env);
  },
};
export default worker;

/** A store for one request. */
async function read(orderId: string, env: Env): Promise<Response> {
  const nc = await connect(env);
  try {
    const store = await openStore(nc);
    const events = await store.getEvents(orderId);
    await store.close();
    return Response.json(events);
  } finally {
    await nc.close();
  }
}

/** A store for all requests of a Durable Object. */
export class Orders {
  readonly #env: Env;
  #store: Promise<JetStreamEventStore> | undefined;

  /** Made by the runtime. */
  constructor(_state: unknown, env: Env) {
    this.#env = env;
  }

  /** Stores the event that is posted behind those that are there. */
  async fetch(request: Request): Promise<Response> {
    const orderId = orderIdOf(request)!;
    const { eventType, data } = await request.json() as Event;
    const store = await this.#open();
    const { version } = await store.append(orderId, [{ eventType, data }]);
    return Response.json({ version });
  }

  /** A start that failed is tried again by the next request. */
  async #open(): Promise<JetStreamEventStore> {
    this.#store ??= connect(this.#env).then(openStore);
    try {
      return await this.#store;
    } catch (error) {
      this.#store = undefined;
      throw error;
    }
  }
}

function orderIdOf({ url }: Request): string | undefined {
  return /^\/orders\/([\w-]+)$/.exec(new URL(url).pathname)?.[1];
}

/** There is no TCP here, but there are WebSockets. */
function connect({ NATS_URL }: Env): Promise<NatsConnection> {
  return wsconnect({ servers: NATS_URL, maxReconnectAttempts: -1 });
}

function openStore(nc: NatsConnection): Promise<JetStreamEventStore> {
  return JetStreamEventStore.open(nc, { namespace: "orders" });
}
