/**
 * What of a handler's error goes from node to node.
 *
 * @module
 */

import { show } from "../../internal/show.ts";
import type { HandlerFailure } from "./errors.ts";

/** What of an error reaches the caller; never throws. */
export function failureOf(error: unknown): HandlerFailure {
  try {
    if (!(error instanceof Error)) {
      const message = typeof error === "string" ? error : show(error);
      return { name: "Error", message };
    }
    const { name, message } = error;
    const { code, data } = error as { code?: unknown; data?: unknown };
    return {
      name: String(name),
      message: String(message),
      ...(typeof code === "string" && { code }),
      ...(isJson(data) && { data }),
    };
  } catch {
    return { name: "Error", message: "an error that can't be read" };
  }
}

function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
