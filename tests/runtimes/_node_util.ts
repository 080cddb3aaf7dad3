/**
 * Stands in for node:util where there is none: as much of it as
 * `tests/links/assert` uses.
 *
 * @module
 */

export { inspect } from "../support/inspect.ts";
