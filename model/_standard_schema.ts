/**
 * Standard Schema, version 1, as far as a model needs it
 * (https://standardschema.dev).
 *
 * @module
 */

/** A schema of any validation library. */
export interface StandardSchema {
  /** The library's own part. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The library. */
    readonly vendor: string;
    /** Checks a value. */
    readonly validate: (
      value: unknown,
    ) => StandardResult | Promise<StandardResult>;
  };
}

/** What a schema says of a value. */
export interface StandardResult {
  /** What is wrong with it; left out when nothing is. */
  readonly issues?: readonly StandardIssue[] | undefined;
}

/** One thing that is wrong with a value. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where in the value. */
  readonly path?:
    | readonly (PropertyKey | { readonly key: PropertyKey })[]
    | undefined;
}

/** Whether a description of data is a schema. */
export function isSchema(data: unknown): data is StandardSchema {
  return (typeof data === "object" || typeof data === "function") &&
    data !== null && "~standard" in data;
}
