/**
 * The actors that have messages.
 *
 * @module
 */

import type { ActorFilter } from "../../../event/filters.ts";
import { decodeActorId } from "../../../internal/nats/names.ts";
import { coverPatterns } from "../../../internal/nats/patterns.ts";
import { isReserved } from "../stream/event_reader.ts";
import type { SubjectPage } from "../stream/stream_subjects.ts";

/** How far the next page goes back when subjects before it have expired. */
const MIN_STEP_BACK = 1_000;

/** Asks for the subjects that match a pattern, from an offset on. */
export type AskSubjects = (
  pattern: string,
  offset: number,
) => Promise<SubjectPage>;

/**
 * The ids of the actors that have messages, page by page, in the order of their
 * subjects.
 *
 * @param root The tokens that all subjects begin with.
 */
export async function* listActors(
  ask: AskSubjects,
  root: string,
  actors: ActorFilter | undefined,
): AsyncGenerator<string[], void> {
  const pattern = actors === undefined ? ">" : coverPatterns(actors.patterns);
  const pages = listSubjects(ask, `${root}.${pattern}`);
  for await (const subjects of pages) {
    const actorIds: string[] = [];
    for (const subject of subjects) {
      const tokens = subject.slice(root.length + 1);
      if (isReserved(tokens) || actors?.hasTokens(tokens) === false) continue;
      const actorId = tryDecode(tokens);
      if (actorId !== undefined) actorIds.push(actorId);
    }
    yield actorIds;
  }
}

/**
 * Subjects that match a pattern, page by page. The server counts a page's
 * offset anew for each: subjects that came up or expired meanwhile move those
 * behind them. So each page begins with a subject that was there before.
 */
async function* listSubjects(
  ask: AskSubjects,
  pattern: string,
): AsyncGenerator<string[], void> {
  let last = "";
  let offset = 0;
  let back = 0;
  for (;;) {
    const page = await ask(pattern, offset);
    const [first] = page.subjects;
    if (offset > 0 && (first === undefined || first > last)) {
      back = Math.max(MIN_STEP_BACK, 2 * back);
      offset = Math.max(0, offset - back);
      continue;
    }
    back = 0;
    const fresh = page.subjects.filter((subject) => subject > last);
    const end = offset + page.subjects.length;
    if (fresh.length > 0) {
      last = fresh.at(-1)!;
      yield fresh;
    }
    if (end >= page.total) return;
    // The last one again.
    offset = end - 1;
  }
}

/** Undefined where tokens spell no actor id: no event is stored there. */
function tryDecode(tokens: string): string | undefined {
  try {
    return decodeActorId(tokens);
  } catch {
    return undefined;
  }
}
