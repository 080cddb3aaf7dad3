/** Offline stand-in for the parts of `@std/uuid` that are used here. */
export * as v5 from "./v5.ts";
