/**
 * Reads of one actor's history from a JetStream stream.
 *
 * @module
 */

import { readPayload, tryRead } from "./_stored_event.ts";
import {
  encodeActorId,
  eventSubject,
  eventSubjectRoot,
} from "../nats/names.ts";
import type { ReplayError } from "./errors.ts";
import { StaleReadError } from "./jetstream_errors.ts";
import type { Consistency } from "./event_store.ts";
import {
  Header,
  replayError,
  type StoredEvent,
  type StoredMessage,
} from "./_stored_message.ts";
import { areFarApart, fetchBefore, fetchMiddle } from "./_recent_events.ts";
import {
  PAGE_SIZE,
  type ReadBounds,
  type StreamReader,
} from "./_stream_reader.ts";
import {
  findProvenStart,
  findStart,
  type Searched,
  type Start,
  trailOf,
} from "./_version_search.ts";
import type { AnyEvent } from "./event.ts";
import { NO_TAIL, type Tail, TailCache } from "./_tail_cache.ts";
import { backoff, delay } from "./_waiting.ts";

/** Messages that a page is asked for beyond those that versions tell of. */
const SLACK = 16;

/** At most this many questions to the leader at once. */
const LEADER_BURST = 100;

/** How often a replica that lags is asked before the leader is. */
const MAX_LAGGING = 5;

/** The bounds of a forward read. Versions are inclusive. */
export interface ForwardRange {
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly consistency: Consistency;
  /** How many events are wanted at most. @default {Infinity} */
  readonly limit?: number;
  /** Events in the first page at most, where the first is wanted soon. */
  readonly firstPage?: number;
}

/** Reads actors' histories. */
export class ActorHistory {
  readonly #reader: StreamReader;
  readonly #tails: TailCache;
  readonly #subjectOf: (actorId: string) => string;
  /** A filter for all events of the store. */
  readonly subjects: string;

  /** @param tails What this store instance has seen; it is kept up to date. */
  constructor(
    reader: StreamReader,
    tails: TailCache,
    names: { prefix: string; namespace: string },
  ) {
    this.#reader = reader;
    this.#tails = tails;
    const { prefix, namespace } = names;
    this.subjects = `${eventSubjectRoot(prefix, namespace)}.>`;
    this.#subjectOf = (actorId) =>
      eventSubject(prefix, namespace, encodeActorId(actorId));
  }

  /** The requests this history is made of. */
  get reader(): StreamReader {
    return this.#reader;
  }

  /** The subject of an actor's events. */
  subjectOf(actorId: string): string {
    return this.#subjectOf(actorId);
  }

  /**
   * The end of the actor's history, at least as late as this store instance
   * has seen it.
   */
  async tail(
    actorId: string,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<Tail> {
    return (await this.#last(actorId, consistency, bounds)).tail;
  }

  /** As {@linkcode tail}, with the message that told it. */
  async #last(
    actorId: string,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<{ tail: Tail; message: StoredMessage | undefined }> {
    const subject = this.#subjectOf(actorId);
    const strong = this.#isStrong(actorId, consistency);
    const message = strong && this.#replicated
      ? await this.#reader.fromLeader({ last_by_subj: subject }, bounds)
      : await this.#reader.last(subject, bounds);
    const tail = await this.#reconcile(actorId, message, strong, bounds);
    return { tail, message };
  }

  /** As {@linkcode tail}, of several actors, with as few requests as will do. */
  async tails(
    actorIds: readonly string[],
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<Map<string, Tail>> {
    const tails = new Map<string, Tail>();
    const strong = consistency === "strong";
    for (let i = 0; i < actorIds.length; i += PAGE_SIZE) {
      const some = actorIds.slice(i, i + PAGE_SIZE);
      const one = async (actorId: string, message?: StoredMessage) => {
        const tail = await this.#reconcile(actorId, message, strong, bounds);
        tails.set(actorId, tail);
      };
      if (some.length === 1) {
        const [actorId] = some as [string];
        tails.set(actorId, await this.tail(actorId, consistency, bounds));
        continue;
      }
      const subjects = some.map(this.#subjectOf);
      const messages = await this.#lastOf(subjects, strong, bounds);
      await Promise.all(
        some.map((actorId, k) => one(actorId, messages.get(subjects[k]!))),
      );
    }
    return tails;
  }

  /**
   * The last messages of some subjects. On replicas a strong read is of one
   * that knows the stream as far as the leader does.
   */
  async #lastOf(
    subjects: readonly string[],
    strong: boolean,
    bounds: ReadBounds,
  ): Promise<Map<string, StoredMessage>> {
    const confirm = strong && this.#replicated;
    for (let n = 0;; n++) {
      const [{ messages, upTo }, last] = await Promise.all([
        this.#reader.lastOf(subjects, bounds),
        confirm
          ? this.#reader.fromLeader({ last_by_subj: this.subjects }, bounds)
          : undefined,
      ]);
      if (last === undefined || upTo >= last.sequence) return messages;
      if (messages.size === 0 || n >= MAX_LAGGING) {
        return await this.#lastFromLeader(subjects, bounds);
      }
      await delay(backoff(n), bounds.signal);
    }
  }

  async #lastFromLeader(
    subjects: readonly string[],
    bounds: ReadBounds,
  ): Promise<Map<string, StoredMessage>> {
    const messages = new Map<string, StoredMessage>();
    const one = async (subject: string) => {
      const request = { last_by_subj: subject };
      const message = await this.#reader.fromLeader(request, bounds);
      if (message !== undefined) messages.set(subject, message);
    };
    for (let i = 0; i < subjects.length; i += LEADER_BURST) {
      await Promise.all(subjects.slice(i, i + LEADER_BURST).map(one));
    }
    return messages;
  }

  /** The later of what the server says and what is known. */
  async #reconcile(
    actorId: string,
    message: StoredMessage | undefined,
    strong: boolean,
    bounds: ReadBounds,
  ): Promise<Tail> {
    const known = this.#tails.get(actorId) ?? NO_TAIL;
    const sequence = message?.sequence ?? 0;
    if (message !== undefined && sequence > known.sequence) {
      const tail = await this.#resolve(actorId, message, bounds);
      return this.#tails.advance(actorId, tail);
    }
    if (sequence < known.sequence && strong) {
      const { first_seq } = await this.#reader.state("read", bounds);
      if (first_seq > known.sequence) {
        this.#tails.forget(actorId);
        return NO_TAIL;
      }
    }
    return known;
  }

  /** The actor's events in pages, lowest version first. */
  async *forward(
    actorId: string,
    range: ForwardRange,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    if (range.toVersion < Math.max(1, range.fromVersion)) return;
    const events = await this.#few(actorId, range, bounds);
    if (events === undefined) yield* this.#pages(actorId, range, bounds);
    else if (events.length > 0) yield events;
  }

  /** The events of a range, if they are better fetched one by one. */
  async #few(
    actorId: string,
    { fromVersion, toVersion, consistency, limit = Infinity }: ForwardRange,
    bounds: ReadBounds,
  ): Promise<AnyEvent[] | undefined> {
    const lowest = Math.max(1, fromVersion);
    // Without gaps between versions; with them more is read.
    const highest = Math.min(toVersion, lowest + limit - 1);
    const tail = this.#tails.get(actorId);
    if (tail !== undefined && highest < tail.version) {
      const subject = this.#subjectOf(actorId);
      return await fetchMiddle(
        this.#reader,
        { actorId, subject, tail },
        lowest,
        highest,
        bounds,
      );
    }
    const recent = await this.#recent(actorId, lowest, consistency, bounds);
    return recent?.filter(({ version }) => version <= toVersion);
  }

  /**
   * The actor's events from a version on, if they are few and lie far apart
   * as far as is known, and can be fetched by what is known.
   */
  async #recent(
    actorId: string,
    lowest: number,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<AnyEvent[] | undefined> {
    const known = this.#tails.get(actorId);
    if (known !== undefined && !areFarApart(known, lowest)) return undefined;
    const fetchFrom = (tail: Tail) =>
      fetchBefore(this.#reader, actorId, tail, lowest, bounds);
    const [{ tail, message }, before] = await Promise.all([
      this.#last(actorId, consistency, bounds),
      known && fetchFrom(known),
    ]);
    if (tail.version < lowest) return [];
    const last = message && tryRead(message.data, actorId);
    if (last?.version !== tail.version || message?.sequence !== tail.sequence) {
      return undefined;
    }
    if (known !== undefined && known.sequence === tail.sequence) {
      return before && [...before, last];
    }
    if (tail.version > lowest && !areFarApart(tail, lowest)) return undefined;
    const others = await fetchFrom(tail);
    return others && [...others, last];
  }

  async *#pages(
    actorId: string,
    range: ForwardRange,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    const { fromVersion, toVersion, consistency, limit = Infinity } = range;
    const subject = this.#subjectOf(actorId);
    const strong = this.#isStrong(actorId, consistency);
    const leader = strong && this.#replicated
      ? settled(this.#reader.fromLeader({ last_by_subj: subject }, bounds))
      : undefined;
    let { sequence: next, versionBefore: version, unproven } = await this
      .#startOf(actorId, fromVersion, bounds);
    let required = this.#tails.get(actorId)?.sequence ?? 0;
    let reached = next - 1;
    const read = (data: Uint8Array) => tryRead(data, actorId);
    const fetch = (most: number) => {
      // Those to be skipped and those wanted, as far as versions tell.
      const wanted = toVersion - version + 2 * SLACK;
      const count = Math.min(PAGE_SIZE, most, wanted);
      return this.#reader.payloads(subject, next, count, read, bounds);
    };
    const skipped = Math.max(0, fromVersion - version);
    const first = Math.min(limit, range.firstPage ?? PAGE_SIZE);
    let fetching = fetch(first + skipped);
    let given = 0;
    for (let n = 0;;) {
      const { items, lastSequence, remaining } = await fetching;
      const [lead] = items;
      if (unproven && !(lead && lead.version < fromVersion)) {
        // The hint was wrong: begin where it was read to be right.
        const start = await this.#provenStartOf(actorId, fromVersion, bounds);
        ({ sequence: next, versionBefore: version, unproven } = start);
        reached = next - 1;
        fetching = fetch(PAGE_SIZE);
        continue;
      }
      unproven = false;
      if (lastSequence > 0) reached = lastSequence;
      next = reached + 1;
      const isWhole = items.length > 0 && remaining === 0;
      const goesOn = remaining > 0 && given + items.length - skipped < limit;
      if (goesOn) fetching = ahead(fetch(PAGE_SIZE));
      const events: AnyEvent[] = [];
      let last: AnyEvent | undefined;
      for (const event of items) {
        if (event === undefined || event.version <= version) continue;
        last = event;
        version = event.version;
        if (version > toVersion) break;
        if (version >= fromVersion) events.push(event);
      }
      if (isWhole && last !== undefined && version <= toVersion) {
        const tail = { version, sequence: lastSequence, eventId: last.id };
        this.#tails.advance(actorId, { ...tail, trail: undefined });
      }
      if (events.length > 0) yield events;
      given += events.length;
      if (version >= toVersion || given >= limit) return;
      if (remaining > 0) {
        if (!goesOn) fetching = fetch(PAGE_SIZE);
        // Another replica may be asked next: it must not know less.
        required = Math.max(required, next);
        continue;
      }
      if (leader) {
        required = Math.max(required, (await leader())?.sequence ?? 0);
      }
      if (reached >= required) return;
      if (await this.#hasExpired(actorId, required, n++, bounds)) return;
      fetching = fetch(PAGE_SIZE);
    }
  }

  /**
   * The actor's events in pages, each page and the events in it highest
   * version first.
   */
  async *backward(
    actorId: string,
    { fromVersion, toVersion, consistency }: ForwardRange,
    limit: number,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    const tail = await this.tail(actorId, consistency, bounds);
    let highest = Math.min(toVersion, tail.version);
    let wanted = limit;
    // Versions may have gaps: a window that holds too few events is widened.
    let window = Math.min(wanted, PAGE_SIZE);
    while (highest >= Math.max(1, fromVersion) && wanted > 0) {
      const lowest = Math.max(fromVersion, highest - window + 1, 1);
      const events: AnyEvent[] = [];
      const range = { fromVersion: lowest, toVersion: highest, consistency };
      for await (const page of this.forward(actorId, range, bounds)) {
        events.push(...page);
      }
      events.reverse();
      if (events.length > wanted) events.length = wanted;
      if (events.length > 0) yield events;
      wanted -= events.length;
      highest = lowest - 1;
      if (events.length < window / 2) window *= 4;
      window = Math.max(window, Math.min(wanted, PAGE_SIZE));
    }
  }

  /** Everything stored for the actor, with what is no event of it. */
  async withErrors(
    actorId: string,
    fromVersion: number,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<{
    events: AnyEvent[];
    errors: ReplayError[];
    truncated: boolean;
  }> {
    const subject = this.#subjectOf(actorId);
    const required = (await this.tail(actorId, consistency, bounds)).sequence;
    const events: AnyEvent[] = [];
    const errors: ReplayError[] = [];
    let [next, reached, version, first] = [1, 0, 0, true];
    let truncated = false;
    for (let n = 0;;) {
      const page = await this.#reader.messages(
        subject,
        next,
        PAGE_SIZE,
        bounds,
      );
      for (const message of page.items) {
        const { sequence, data } = message;
        if (first) {
          truncated = Number(message.header(Header.expectedSequence)) > 0;
          first = false;
        }
        try {
          const event = readPayload(data, actorId);
          if (event.version <= version) {
            throw new RangeError(
              `version ${event.version} is not greater than ${version}`,
            );
          }
          version = event.version;
          if (version >= fromVersion) events.push(event);
        } catch (error) {
          errors.push(replayError(actorId, sequence, data, error));
        }
      }
      if (page.lastSequence > 0) {
        reached = page.lastSequence;
        next = reached + 1;
      }
      if (page.remaining > 0) continue;
      if (reached >= required) break;
      if (await this.#hasExpired(actorId, required, n++, bounds)) break;
    }
    return { events, errors, truncated };
  }

  /** The stored events of these versions, both inclusive. */
  async between(
    actorId: string,
    fromVersion: number,
    toVersion: number,
    bounds: ReadBounds,
  ): Promise<StoredEvent[]> {
    const subject = this.#subjectOf(actorId);
    const found: StoredEvent[] = [];
    let { sequence: next, versionBefore: version, unproven } = await this
      .#startOf(actorId, fromVersion, bounds);
    const required = this.#tails.get(actorId)?.sequence ?? 0;
    let reached = next - 1;
    for (let n = 0;;) {
      const wanted = toVersion - version + 2 * SLACK;
      const count = Math.min(
        PAGE_SIZE,
        unproven ? wanted - fromVersion : wanted,
      );
      const page = await this.#reader.messages(subject, next, count, bounds);
      const first = page.items[0] && tryRead(page.items[0].data, actorId);
      if (unproven && !(first && first.version < fromVersion)) {
        const start = await this.#provenStartOf(actorId, fromVersion, bounds);
        ({ sequence: next, versionBefore: version, unproven } = start);
        reached = next - 1;
        continue;
      }
      unproven = false;
      for (const { data, sequence, header } of page.items) {
        const event = tryRead(data, actorId);
        if (event === undefined || event.version <= version) continue;
        version = event.version;
        if (version > toVersion) return found;
        if (version < fromVersion) continue;
        found.push({ event, sequence, save: header(Header.save) });
      }
      if (page.lastSequence > 0) {
        reached = page.lastSequence;
        next = reached + 1;
      }
      if (page.remaining > 0) continue;
      if (reached >= required || version >= toVersion) return found;
      if (await this.#hasExpired(actorId, required, n++, bounds)) return found;
    }
  }

  get #replicated(): boolean {
    return this.#reader.stream.replicas > 1;
  }

  #isStrong(actorId: string, consistency: Consistency): boolean {
    // What was seen of a forgotten actor only the leader can vouch for.
    return consistency === "strong" ||
      (this.#tails.hasEvicted && this.#tails.get(actorId) === undefined);
  }

  /**
   * Decides what to do about a history that ends before it should: waits, for
   * a replica that lags; true if the rest has expired.
   *
   * @throws {StreamReplacedError} If it is another stream by now.
   * @throws {StaleReadError} If the time is up.
   */
  async #hasExpired(
    actorId: string,
    required: number,
    attempt: number,
    bounds: ReadBounds,
  ): Promise<boolean> {
    if (!this.#replicated || attempt % 16 === 8) {
      const { first_seq } = await this.#reader.state("read", bounds);
      if (first_seq > required) {
        this.#tails.forget(actorId);
        return true;
      }
    }
    if (bounds.deadline.left === 0) throw new StaleReadError(actorId, required);
    await delay(
      Math.min(backoff(attempt), bounds.deadline.left),
      bounds.signal,
    );
    return false;
  }

  /** The tail that a last message makes. */
  async #resolve(
    actorId: string,
    message: StoredMessage,
    bounds: ReadBounds,
  ): Promise<Tail> {
    const event = tryRead(message.data, actorId);
    if (event && await this.#vouchedFor(actorId, event, message, bounds)) {
      const { version, id } = event;
      const { sequence } = message;
      return { version, sequence, eventId: id, trail: trailOf(message) };
    }
    // Somebody else's message: only the whole history tells the version.
    const last = await this.#lastEvent(actorId, message.sequence, bounds);
    return {
      version: last?.version ?? 0,
      sequence: message.sequence,
      eventId: last?.id,
      trail: undefined,
    };
  }

  /** Whether an event's version surely lies above all before it. */
  async #vouchedFor(
    actorId: string,
    event: AnyEvent,
    message: StoredMessage,
    bounds: ReadBounds,
  ): Promise<boolean> {
    if (message.header(Header.save) !== "") return true;
    const expected = message.header(Header.expectedSequence);
    if (expected === "") return false;
    if (expected === "0") return true;
    const seq = Number(expected);
    const before = await this.#reader.fromLeader({ seq }, bounds);
    if (before?.subject !== this.#subjectOf(actorId)) return false;
    const previous = tryRead(before.data, actorId);
    return previous !== undefined && previous.version < event.version;
  }

  /** The last event up to a sequence, by reading all there are. */
  async #lastEvent(
    actorId: string,
    upTo: number,
    bounds: ReadBounds,
  ): Promise<AnyEvent | undefined> {
    const subject = this.#subjectOf(actorId);
    let last: AnyEvent | undefined;
    for (let next = 1, n = 0; next <= upTo;) {
      const { items, lastSequence } = await this.#reader.messages(
        subject,
        next,
        PAGE_SIZE,
        bounds,
      );
      for (const { data, sequence } of items) {
        const event = sequence <= upTo ? tryRead(data, actorId) : undefined;
        if (event && event.version > (last?.version ?? 0)) last = event;
      }
      if (lastSequence > 0) next = lastSequence + 1;
      else if (await this.#hasExpired(actorId, upTo, n++, bounds)) break;
    }
    return last;
  }

  /** Where to begin so that no event from a version on is missed. */
  async #startOf(
    actorId: string,
    version: number,
    bounds: ReadBounds,
  ): Promise<Start> {
    const searched = await this.#searched(actorId, version, bounds);
    return "sequence" in searched
      ? searched
      : await findStart(this.#reader, searched, version, bounds);
  }

  async #provenStartOf(
    actorId: string,
    version: number,
    bounds: ReadBounds,
  ): Promise<Start> {
    const searched = await this.#searched(actorId, version, bounds);
    return "sequence" in searched
      ? searched
      : await findProvenStart(this.#reader, searched, version, bounds);
  }

  async #searched(
    actorId: string,
    version: number,
    bounds: ReadBounds,
  ): Promise<Searched | Start> {
    const known = this.#tails.get(actorId);
    if (version <= 1 || (known === undefined && version <= SLACK)) {
      return { sequence: 1, versionBefore: 0, unproven: false };
    }
    const tail = known ?? await this.tail(actorId, "eventual", bounds);
    if (version > tail.version) {
      const { sequence, version: versionBefore } = tail;
      return { sequence: sequence + 1, versionBefore, unproven: false };
    }
    return { actorId, subject: this.#subjectOf(actorId), tail };
  }
}

/** Starts a promise now whose failure counts only when it is asked for. */
function settled<T>(promise: Promise<T>): () => Promise<T> {
  promise.catch(() => {});
  return () => promise;
}

/** A page that is fetched while the one before is used, or not used at all. */
function ahead<T>(page: Promise<T>): Promise<T> {
  page.catch(() => {});
  return page;
}
