/**
 * Models as JSON, such as for a file that is kept beside the code.
 *
 * @module
 */

import { readModel } from "./_read_model.ts";
import { isSchema } from "./_standard_schema.ts";
import type { Model } from "./model.ts";

/** The version of the JSON of a model. */
const FORMAT = 1;

/**
 * A model as a JSON value, which {@linkcode parseModel} reads.
 *
 * A schema can't be written as JSON: it becomes the text `a schema of VENDOR`.
 *
 * @example
 * ```ts
 * import { defineModel, parseModel, toJSON } from "@flowmade-one/aether/model";
 * import { assertEquals } from "@std/assert";
 *
 * const doors = defineModel({
 *   name: "doors",
 *   actors: {
 *     door: {
 *       commands: { Open: { by: ["Visitor"], emits: ["Opened"] } },
 *       events: { Opened: {} },
 *     },
 *   },
 * });
 * const text = JSON.stringify(toJSON(doors), undefined, 2);
 *
 * assertEquals(parseModel(text), doors);
 * ```
 *
 * @param model The model.
 * @returns A new value of plain objects, arrays and texts.
 */
export function toJSON(model: Model): Record<string, unknown> {
  return { aetherModel: FORMAT, ...plain(model) as Record<string, unknown> };
}

function plain(value: unknown): unknown {
  if (isSchema(value)) return `a schema of ${value["~standard"].vendor}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, plain(each)]),
  );
}

/**
 * Reads a model from JSON.
 *
 * @param json The text, or what JSON.parse made of it.
 * @returns A deeply frozen model. Its references are not checked: see
 * {@linkcode checkModel}.
 * @throws {SyntaxError} If the text is no JSON.
 * @throws {TypeError} If it is no model, with the path to what is wrong, or
 * of a newer format.
 */
export function parseModel(json: unknown): Model {
  const value: unknown = typeof json === "string" ? parse(json) : json;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return readModel(value, "parse model");
  }
  const { aetherModel = FORMAT, ...model } = value as Record<string, unknown>;
  if (aetherModel === FORMAT) return readModel(model, "parse model");
  throw new TypeError(
    `Cannot parse model: aetherModel must be ${FORMAT}, got ${
      JSON.stringify(aetherModel)
    }`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new SyntaxError(`Cannot parse model: ${reason}`, { cause });
  }
}
