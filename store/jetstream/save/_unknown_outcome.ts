/**
 * Saves of which it can't be told whether they were stored.
 *
 * @module
 */

import { PayloadTooLargeError } from "../../../event/errors.ts";
import { show } from "../../../internal/show.ts";
import { SaveOutcomeUnknownError } from "../../errors.ts";
import type { Draft } from "./_entry.ts";

/** The error of a save that may have been stored, and why that is. */
export function outcomeUnknown(
  drafts: readonly Pick<Draft, "id">[],
  cause: unknown,
): SaveOutcomeUnknownError {
  const ids = drafts.map(({ id }) => id);
  return new SaveOutcomeUnknownError(
    `Cannot tell whether ${ids.length} event(s) were stored: ${
      cause instanceof Error ? cause.message : show(cause)
    }; ${
      cause instanceof PayloadTooLargeError
        ? "read the events of their actors to find out"
        : "save them again with the same ids to find out"
    }`,
    ids,
    { cause },
  );
}
