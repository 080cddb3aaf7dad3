/**
 * The subjects that have messages.
 *
 * @module
 */

import type { ReadBounds } from "./read_retries.ts";
import type { StreamReader } from "./stream_reader.ts";

/** Some of the subjects that match a pattern. */
export interface SubjectPage {
  /** In rising order. */
  readonly subjects: readonly string[];
  /** How many match. */
  readonly total: number;
}

/** The part of a stream's info that lists its subjects. */
interface SubjectsInfo {
  readonly state: { readonly subjects?: Readonly<Record<string, number>> };
  /** Absent when there are none. */
  readonly total?: number;
}

/**
 * The subjects that match a pattern, from an offset on: as many as the server
 * gives in one answer, which is 100,000.
 */
export async function subjectsFrom(
  reader: StreamReader,
  pattern: string,
  offset: number,
  bounds: ReadBounds,
): Promise<SubjectPage> {
  const request = { subjects_filter: pattern, offset };
  const info = await reader.ask<SubjectsInfo>("INFO", request, bounds);
  const subjects = Object.keys(info.state.subjects ?? {}).sort();
  return { subjects, total: info.total ?? subjects.length };
}
