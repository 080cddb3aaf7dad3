import { assert, assertEquals } from "@std/assert";
import type { Msg, Subscription } from "@nats-io/nats-core";
import {
  type Inbox,
  InboxPool,
} from "../../../../internal/nats/_inbox_pool.ts";

type Callback = (error: Error | null, msg: Msg) => void;

/** A connection that only notes what is asked of it. */
class FakeReceiver {
  readonly subscribed = new Map<string, Callback>();
  readonly replies: [token: number, msg: Msg][] = [];
  #inboxes = 0;

  createInbox(): string {
    return `inbox-${++this.#inboxes}`;
  }

  subscribe(subject: string, callback: Callback): Subscription {
    this.subscribed.set(subject, callback);
    const unsubscribe = () => void this.subscribed.delete(subject);
    return { unsubscribe } as Subscription;
  }

  reply(token: number, msg: Msg): void {
    this.replies.push([token, msg]);
  }
}

/** All that a pool has to give. */
function acquireAll(pool: InboxPool): Inbox[] {
  const taken: Inbox[] = [];
  for (let inbox; (inbox = pool.acquire()) !== undefined;) taken.push(inbox);
  return taken;
}

Deno.test("an inbox is subscribed to once, however many requests it serves", () => {
  const receiver = new FakeReceiver();
  const pool = new InboxPool(receiver);
  const inbox = pool.acquire()!;
  for (let token = 0; token < 3; token++) {
    inbox.token = token;
    receiver.subscribed.get(inbox.subject)!(null, {} as Msg);
    pool.release(inbox);
    assertEquals(pool.acquire(), inbox);
  }
  assertEquals(receiver.replies.map(([token]) => token), [0, 1, 2]);
  assertEquals([...receiver.subscribed.keys()], [inbox.subject]);
});

Deno.test("an inbox whose subscription fails is not used again", () => {
  const receiver = new FakeReceiver();
  const pool = new InboxPool(receiver);
  const inbox = pool.acquire()!;
  pool.release(inbox);
  receiver.subscribed.get(inbox.subject)!(new Error("denied"), {} as Msg);
  assertEquals(receiver.replies, []);
  assert(!acquireAll(pool).includes(inbox));
});

Deno.test("there are no new inboxes when nothing comes in on one, until the connection is back", () => {
  const receiver = new FakeReceiver();
  const pool = new InboxPool(receiver);
  const proven = pool.acquire()!;
  receiver.subscribed.get(proven.subject)!(null, {} as Msg);
  pool.discard(proven, true);
  const silent = pool.acquire()!;
  const used = pool.acquire()!;
  pool.discard(silent, true);
  assertEquals(pool.acquire(), undefined);
  pool.release(used);
  assertEquals(acquireAll(pool), [used]);
  pool.retry();
  assert(pool.acquire() !== undefined);
});

Deno.test("there are few inboxes, and each serves one request at a time", () => {
  const receiver = new FakeReceiver();
  const pool = new InboxPool(receiver);
  const taken = acquireAll(pool);
  assert(taken.length >= 2 && taken.length <= 16);
  assertEquals(new Set(taken).size, taken.length);
  pool.release(taken[0]!);
  assertEquals(acquireAll(pool), [taken[0]]);
  assertEquals(receiver.subscribed.size, taken.length);
});

Deno.test("an inbox that may still be answered is never given out again", () => {
  const receiver = new FakeReceiver();
  const pool = new InboxPool(receiver);
  const [dropped, ...others] = acquireAll(pool);
  pool.discard(dropped!);
  assert(!receiver.subscribed.has(dropped!.subject));
  pool.release(dropped!);
  const [instead, ...more] = acquireAll(pool);
  assert(instead !== dropped);
  assertEquals(more, []);
  assertEquals(receiver.subscribed.size, others.length + 1);
});

Deno.test("nothing is subscribed to once the pool is closed", () => {
  const receiver = new FakeReceiver();
  const pool = new InboxPool(receiver);
  const taken = acquireAll(pool);
  pool.release(taken[0]!);
  pool.close();
  assertEquals(receiver.subscribed.size, 0);
  for (const inbox of taken) pool.release(inbox);
  for (const inbox of acquireAll(pool)) assert(!taken.includes(inbox));
});
