/**
 * Following the map.
 *
 * @module
 */

import { Repeater } from "../../internal/repeater.ts";
import { elapsed, readClocks, type Reading } from "../lease/clock.ts";
import type { ClusterLink } from "../lease/cluster_link.ts";
import type { KeyPlace } from "../lease/key_values.ts";
import type { LeaseSettings } from "../lease/settings.ts";
import { type ClusterMap, isNewerMap } from "../map/cluster_map.ts";
import { MAP_KEY } from "./_contender.ts";
import { type MapEntry, readMapEntry } from "./stored_map.ts";

/** What a follower needs. */
export interface MapFollowerOptions {
  readonly link: ClusterLink;
  readonly settings: LeaseSettings;
  /** Takes a newer map. */
  apply(map: ClusterMap): void;
  /** What is stored is older than the newest map. */
  wentBack(): void;
  /** It is confirmed that there is no newer map than the last one. */
  confirmed(): void;
}

/** Asks for newer maps as often as leases are renewed, and after news. */
export class MapFollower {
  readonly #options: MapFollowerOptions;
  readonly #repeater = new Repeater(() => this.#poll());
  #map: ClusterMap | undefined;
  #place: KeyPlace | undefined;
  /** When the last answer was asked for. */
  #confirmed: Reading | undefined;

  constructor(options: MapFollowerOptions) {
    this.#options = options;
  }

  /** The newest map; undefined before the first one. */
  get map(): ClusterMap | undefined {
    return this.#map;
  }

  /**
   * Milliseconds since the time as of which the map is known to be the newest;
   * Infinity before the first answer.
   */
  age(now: Reading): number {
    return this.#confirmed === undefined
      ? Infinity
      : elapsed(this.#confirmed, now);
  }

  /** Asks now. */
  poke(): void {
    this.#repeater.poke();
  }

  /** Asks for the whole map, for servers have lost data. */
  reread(): void {
    this.#place = undefined;
    this.poke();
  }

  /** Takes in where a write was stored: later than the map, unless data was lost. */
  noteWrite({ bucket, revision }: KeyPlace): void {
    const place = this.#place;
    if (place?.bucket === bucket && revision < place.revision) this.reread();
  }

  /** Takes in what was read or written. */
  take({ bucket, revision, map }: MapEntry): void {
    this.#place = { bucket, revision };
    const known = this.#map;
    if (known !== undefined && (map === undefined || isNewerMap(known, map))) {
      return this.#options.wentBack();
    }
    if (map === undefined) return;
    if (known !== undefined && !isNewerMap(map, known)) return;
    this.#map = map;
    this.#options.apply(map);
  }

  /** Asks no more. */
  stop(): Promise<void> {
    return this.#repeater.stop();
  }

  async #poll(): Promise<number> {
    const { link, settings: { retry, renewEvery } } = this.#options;
    const sent = readClocks();
    const place = this.#place;
    try {
      const entry = await link.keys.readNewer(MAP_KEY, place, retry);
      // Else it was written meanwhile, or is to be read anew.
      if (place === this.#place) {
        if (entry !== undefined) this.take(readMapEntry(entry));
        this.#confirmed = sent;
        this.#options.confirmed();
      }
      link.note(undefined);
      return renewEvery * (0.9 + Math.random() * 0.2);
    } catch (error) {
      link.note(error);
      return retry;
    }
  }
}
