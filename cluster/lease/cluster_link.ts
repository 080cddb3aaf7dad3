/**
 * What the nodes of a cluster stand on: servers, or this process alone.
 *
 * @module
 */

import type { KeyValues } from "./key_values.ts";

/** Where the state of a cluster is kept, and how its nodes hear of news. */
export interface ClusterLink {
  readonly keys: KeyValues;
  /**
   * Tells the other nodes that something has changed. It only hastens what they
   * find out by themselves: news may be lost.
   */
  publish(topic: string, text: string): void;
  /** Hears the news of a topic, its own included, until the link is closed. */
  subscribe(topic: string, heard: (text: string) => void): void;
  /** Takes in how a request ended: with an error, or without. */
  note(error: unknown): void;
  /** Leaves everything as it was. */
  close(): Promise<void>;
}

/** What a link tells its user. */
export interface LinkListener {
  /** The connection is back: something may have changed. */
  up(): void;
  /** Nothing can be asked any more. */
  over(reason: Error): void;
  /** Something went wrong that does not pass by itself. */
  report(error: unknown): void;
  /** The connection was asked to reconnect. */
  reconnected(): void;
}

/** Opens a link, on behalf of its user. */
export type OpenClusterLink = (listener: LinkListener) => ClusterLink;
