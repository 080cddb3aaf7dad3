/**
 * Where actors' histories end, by the cache and by the servers.
 *
 * @module
 */

import {
  encodeActorId,
  eventSubjectRoot,
} from "../../../internal/nats/names.ts";
import {
  type Floor,
  lastMessagesAbove,
  needsCheck,
  type WantedTail,
} from "./_freshness.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { tryRead } from "../stream/stored_event.ts";
import {
  followedSequence,
  Header,
  type StoredMessage,
} from "../stream/stored_message.ts";
import { PAGE_SIZE, type StreamReader } from "../stream/stream_reader.ts";
import { NO_TAIL, type Tail, type TailCache } from "./tail_cache.ts";
import {
  extendTail,
  FEW_NEW,
  type LastMessage,
  type MovedTail,
  nextTail,
  readNews,
} from "./_moved_tails.ts";
import { proveVersion } from "./_version_proof.ts";
import { type Searched, trailOf } from "./_version_search.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import type { Consistency } from "../../event_store.ts";
import { StaleReadError } from "../errors.ts";

export type { MovedTail } from "./_moved_tails.ts";

/** The ends of the histories of one store's actors. */
export class ActorTails {
  /** Reads the stream. */
  readonly reader: StreamReader;
  /** The tails this store instance has seen; kept up to date here. */
  readonly cache: TailCache;
  /** A subject filter for all events of the store. */
  readonly subjects: string;
  /** The subjects' common beginning, with its dot. */
  readonly #root: string;

  constructor(
    reader: StreamReader,
    cache: TailCache,
    { prefix, namespace }: { prefix: string; namespace: string },
  ) {
    this.reader = reader;
    this.cache = cache;
    this.#root = `${eventSubjectRoot(prefix, namespace)}.`;
    this.subjects = `${this.#root}>`;
  }

  /** The subject of an actor's events. */
  readonly subjectOf = (actorId: string): string =>
    this.#root + encodeActorId(actorId);

  /**
   * The end of the actor's history, at least as late as this store instance
   * has seen it.
   */
  async of(
    actorId: string,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<Tail> {
    return (await this.last(actorId, consistency, bounds)).tail;
  }

  /** As {@linkcode of}, with the actor's last message. */
  async last(
    actorId: string,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<LastMessage> {
    const floor = this.floorOf(actorId, consistency);
    return await this.#last(actorId, floor, bounds);
  }

  /** As {@linkcode of}, of several actors: 1,000 a request. */
  ofAll(
    actorIds: readonly string[],
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<Map<string, Tail>> {
    const floorOf = (actorId: string) => this.floorOf(actorId, consistency);
    return this.#ofAll(actorIds, floorOf, bounds);
  }

  /**
   * The tails a save rests on, as the leader knows them if `strong`, else as
   * any replica does: the server checks the save in any case.
   *
   * @param hasMoved Whether a single actor is known to have new events. Where
   * it has none, to look for them the server scans all that it stored since.
   */
  async forSave(
    actorIds: readonly string[],
    strong: boolean,
    bounds: ReadBounds,
    hasMoved = false,
  ): Promise<Map<string, MovedTail>> {
    const [actorId] = actorIds;
    const known = this.cache.get(actorId!);
    if (actorIds.length === 1 && hasMoved && known !== undefined) {
      const searched = this.#searched(actorId!, known);
      const moved = await readNews(this.reader, searched, bounds);
      if (moved !== undefined) {
        const { tail, news } = moved;
        const latest = this.cache.advance(actorId!, tail, tail.sequence);
        return new Map([[
          actorId!,
          latest === tail ? { ...tail, news } : latest,
        ]]);
      }
    }
    const floorOf = (actorId: string): Floor => {
      const known = this.cache.get(actorId) ?? NO_TAIL;
      return { known, seen: 0, strong };
    };
    return await this.#ofAll(actorIds, floorOf, bounds);
  }

  /** Whether more of the actor may have been seen than is remembered. */
  mayLack(actorId: string): boolean {
    return this.replicated && this.floorOf(actorId, "strong").seen > 0;
  }

  /** The last message on an actor's subject, which reaches its floor. */
  async lastMessage(
    actorId: string,
    floor: Floor,
    bounds: ReadBounds,
  ): Promise<StoredMessage | undefined> {
    const subject = this.subjectOf(actorId);
    const last = floor.strong && this.replicated
      ? await this.reader.fromLeader({ last_by_subj: subject }, bounds)
      : await this.reader.last(subject, bounds);
    const isEnough = !this.replicated || (last?.sequence ?? 0) >= floor.seen;
    if (isEnough) return last;
    const wanted = [{ actorId, subject, floor }];
    return (await lastMessagesAbove(this.reader, this.subjects, wanted, bounds))
      .get(subject);
  }

  /** Whether replicas may answer with less than a read must see. */
  needsCheck(floor: Pick<Floor, "seen" | "strong">): boolean {
    return needsCheck(floor, this.reader.stream.replicas);
  }

  async #last(
    actorId: string,
    floor: Floor,
    bounds: ReadBounds,
  ): Promise<LastMessage> {
    const message = await this.lastMessage(actorId, floor, bounds);
    const tail = await this.#reconcile(actorId, message, floor, bounds);
    const isTail = message?.sequence === tail.sequence;
    const last = isTail ? tryRead(message.data, actorId) : undefined;
    return {
      tail,
      message,
      event: last?.id === tail.eventId ? last : undefined,
    };
  }

  async #ofAll(
    actorIds: readonly string[],
    floorOf: (actorId: string) => Floor,
    bounds: ReadBounds,
  ): Promise<Map<string, Tail>> {
    const tails = new Map<string, Tail>();
    for (let i = 0; i < actorIds.length; i += PAGE_SIZE) {
      const wanted = actorIds.slice(i, i + PAGE_SIZE).map((actorId) => {
        const subject = this.subjectOf(actorId);
        return { actorId, subject, floor: floorOf(actorId) };
      });
      if (wanted.length === 1) {
        const [{ actorId, floor }] = wanted as [WantedTail];
        const { tail } = await this.#last(actorId, floor, bounds);
        tails.set(actorId, tail);
        continue;
      }
      const messages = await lastMessagesAbove(
        this.reader,
        this.subjects,
        wanted,
        bounds,
      );
      await Promise.all(wanted.map(async ({ actorId, subject, floor }) => {
        const message = messages.get(subject);
        tails.set(
          actorId,
          await this.#reconcile(actorId, message, floor, bounds),
        );
      }));
    }
    return tails;
  }

  /** The later one of the server's tail and the known one. */
  async #reconcile(
    actorId: string,
    message: StoredMessage | undefined,
    floor: Floor,
    bounds: ReadBounds,
  ): Promise<Tail> {
    // The known tail may have been forgotten meanwhile.
    const cached = this.cache.get(actorId) ?? NO_TAIL;
    const known = cached.sequence >= floor.known.sequence
      ? cached
      : floor.known;
    const sequence = message?.sequence ?? 0;
    if (known.trail === undefined && sequence === known.sequence && message) {
      // A page without headers has told the rest.
      const isLast = tryRead(message.data, actorId)?.id === known.eventId;
      const trail = isLast ? trailOf(message) : undefined;
      return this.cache.advance(actorId, { ...known, trail }, floor.seen);
    }
    if (message !== undefined && sequence > known.sequence) {
      const tail = await this.#resolve(actorId, known, message, bounds);
      return this.cache.advance(actorId, tail, floor.seen);
    }
    if (
      sequence < known.sequence && (floor.strong || floor.seen > 0) &&
      await this.#lacks(known.sequence, bounds)
    ) {
      this.cache.forget(actorId, known.sequence);
      return this.cache.get(actorId) ?? NO_TAIL;
    }
    return known.sequence > 0
      ? this.cache.advance(actorId, known, floor.seen)
      : known;
  }

  #searched(actorId: string, tail: Tail): Searched {
    return { actorId, subject: this.subjectOf(actorId), tail };
  }

  /** Whether all messages up to a sequence have expired. */
  async #lacks(sequence: number, bounds: ReadBounds): Promise<boolean> {
    const { first_seq } = await this.reader.state("read", bounds);
    return first_seq > sequence;
  }

  /** Whether the stream has replicas, which may lag behind. */
  get replicated(): boolean {
    return this.reader.stream.replicas > 1;
  }

  /** The floor of a read that begins now. */
  floorOf(actorId: string, consistency: Consistency): Floor {
    const known = this.cache.get(actorId) ?? NO_TAIL;
    const seen = this.cache.unconfirmedOf(actorId);
    return { known, seen, strong: consistency === "strong" };
  }

  /**
   * Decides about a history that ends too early: true, and the actor forgotten,
   * if the rest has expired; else a replica lags, and it is false after a short
   * wait.
   *
   * @throws {StreamSetupError} If it is another stream by now.
   * @throws {StaleReadError} If the time is up.
   */
  async expiredElseWait(
    actorId: string,
    required: number,
    attempt: number,
    bounds: ReadBounds,
  ): Promise<boolean> {
    // On replicas a lagging one is far more likely: seldom ask about expiry.
    if (
      (!this.replicated || attempt % 16 === 8) &&
      await this.#lacks(required, bounds)
    ) {
      this.cache.forget(actorId, required);
      return true;
    }
    if (bounds.deadline.left === 0) throw new StaleReadError(actorId, required);
    await delay(
      Math.min(backoff(attempt), bounds.deadline.left),
      bounds.signal,
    );
    return false;
  }

  /** The tail that ends with a message behind the known tail. */
  async #resolve(
    actorId: string,
    known: Tail,
    message: StoredMessage,
    bounds: ReadBounds,
  ): Promise<Tail> {
    const event = tryRead(message.data, actorId);
    const isAbove = event !== undefined && event.version > known.version;
    if (
      !isAbove && known.sequence > 0 &&
      await this.#lacks(known.sequence, bounds)
    ) {
      // The known tail has expired: the actor may have begun anew.
      return await this.#resolve(actorId, NO_TAIL, message, bounds);
    }
    const { sequence } = message;
    if (isAbove) {
      const { version, id } = event;
      const trail = trailOf(message);
      const isSaved = message.header(Header.save) !== "";
      if (isSaved) return { version, sequence, eventId: id, trail };
      const followed = followedSequence(message.header);
      if (followed === known.sequence) return nextTail(actorId, known, message);
    }
    const extend = (tail: Tail, count: number) => {
      const searched = this.#searched(actorId, tail);
      return extendTail(this.reader, searched, sequence, count, bounds);
    };
    const few = await extend(known, FEW_NEW);
    if (few.sequence === sequence) return few;
    const candidate = { actorId, message, version: event?.version ?? 0 };
    if (isAbove && await proveVersion(this.reader, candidate, bounds)) {
      const { version, id } = event;
      return { version, sequence, eventId: id, trail: trailOf(message) };
    }
    // Only reading all unknown events shows which is the highest.
    let tail = few;
    for (let n = 0; tail.sequence < sequence;) {
      const before = tail.sequence;
      tail = await extend(tail, PAGE_SIZE);
      if (tail.sequence > before) continue;
      if (await this.expiredElseWait(actorId, sequence, n++, bounds)) break;
    }
    return tail;
  }
}
