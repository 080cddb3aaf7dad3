/**
 * Flowcharts in Mermaid, in the colours of EventStorming.
 *
 * @module
 */

/** What a node stands for; each has a colour of its own. */
export type Role =
  | "person"
  | "command"
  | "actor"
  | "event"
  | "policy"
  | "readModel"
  | "externalSystem"
  | "hotspot"
  | "start";

/** The colours of the sticky notes (Brandolini, Introducing EventStorming). */
const FILLS: Readonly<Record<Role, string>> = {
  person: "#ffef9f",
  command: "#8ecdf7",
  actor: "#fff4b8",
  event: "#ffb25a",
  policy: "#d3a4ea",
  readModel: "#a9dda5",
  externalSystem: "#f9b8d0",
  hotspot: "#f25f5c",
  start: "#ffffff",
};

/** Opening and closing brackets of a node's shape. */
const SHAPES: Readonly<Partial<Record<Role, readonly [string, string]>>> = {
  person: ["([", "])"],
  policy: ["{{", "}}"],
  readModel: ["[(", ")]"],
  externalSystem: ["[[", "]]"],
  hotspot: [">", "]"],
  start: ["((", "))"],
};

/** A text as a label in double quotes. */
export function quoted(text: string): string {
  const escaped = text.replaceAll(
    /[#"<>`\\]|\s+|\p{Cc}/gu,
    (char) => /^\s+$/.test(char) ? " " : `#${char.codePointAt(0)};`,
  );
  return `"${escaped}"`;
}

/** Collects nodes and arrows. */
export class Flowchart {
  readonly #lines: string[] = [];
  readonly #ids = new Map<string, string>();
  readonly #roles = new Set<Role>();
  readonly #arrows = new Set<string>();
  #indent = "  ";

  /** Draws a node once; further calls give the same one. */
  node(role: Role, name: string, label: string = name): string {
    const key = JSON.stringify([role, name]);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = `n${this.#ids.size}`;
    this.#ids.set(key, id);
    this.#roles.add(role);
    const [open, close] = SHAPES[role] ?? ["[", "]"];
    this.#lines.push(
      `${this.#indent}${id}${open}${quoted(label)}${close}:::${role}`,
    );
    return id;
  }

  /** Draws an arrow once, with a text beside it if there is one. */
  arrow(from: string, to: string, label?: string): void {
    const text = label === undefined ? "" : `|${quoted(label)}|`;
    this.#arrows.add(`  ${from} -->${text} ${to}`);
  }

  /** Draws a dotted line once. */
  line(from: string, to: string): void {
    this.#arrows.add(`  ${from} -.- ${to}`);
  }

  /** Draws what `draw` draws within a frame. */
  frame(title: string, draw: () => void): void {
    const id = `frame${this.#lines.length}`;
    this.#lines.push(`${this.#indent}subgraph ${id}[${quoted(title)}]`);
    const outer = this.#indent;
    this.#indent += "  ";
    draw();
    this.#indent = outer;
    this.#lines.push(`${this.#indent}end`);
  }

  /** The chart as Mermaid, without a line break at its end. */
  toString(): string {
    const classes = [...this.#roles].map((role) =>
      `  classDef ${role} fill:${FILLS[role]},stroke:#555,color:#222`
    );
    return ["flowchart LR", ...this.#lines, ...this.#arrows, ...classes]
      .join("\n");
  }
}
