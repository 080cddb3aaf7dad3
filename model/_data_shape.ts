/**
 * The shape of data, derived from samples.
 *
 * @module
 */

/** Paths of which a shape takes note at most. */
const MAX_FIELDS = 200;

/** Levels of objects that a shape looks into. */
const MAX_DEPTH = 5;

/** Collects which fields there are, of which types, and how often. */
export class DataShape {
  /** How many samples there were. */
  count = 0;
  readonly #fields = new Map<string, { count: number; types: Set<string> }>();

  /** Adds a sample. */
  add(data: object): void {
    this.count++;
    this.#addFields(data, "", 1);
  }

  /**
   * The types of each field by its path, such as `number`, `string or null`
   * and `array, in 3 of 10`.
   */
  fields(): Record<string, string> {
    return Object.fromEntries(
      Array.from(this.#fields, ([path, { count, types }]) => {
        const text = [...types].sort().join(" or ");
        const isInAll = count === this.count;
        return [
          path,
          isInAll ? text : `${text}, in ${count} of ${this.count}`,
        ];
      }),
    );
  }

  #addFields(data: object, prefix: string, depth: number): void {
    for (const [key, value] of Object.entries(data)) {
      if (key.trim() === "") continue;
      const path = prefix + key;
      const type = typeOf(value);
      if (type === "object" && depth < MAX_DEPTH) {
        this.#addFields(value, `${path}.`, depth + 1);
        if (Object.keys(value).length > 0) continue;
      }
      let field = this.#fields.get(path);
      if (field === undefined) {
        if (this.#fields.size >= MAX_FIELDS) continue;
        field = { count: 0, types: new Set() };
        this.#fields.set(path, field);
      }
      field.count++;
      field.types.add(type);
    }
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
