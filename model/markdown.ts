/**
 * Writes models as Markdown.
 *
 * @module
 */

import { type Reaction, reactionsOf } from "./_graph.ts";
import { isSchema } from "./_standard_schema.ts";
import type {
  ActorModel,
  Described,
  EventData,
  EventModel,
  Model,
} from "./model.ts";

/**
 * Writes a catalogue of a model: its actors with their commands and events, who
 * issues the ones and who reads the others.
 *
 * @example
 * ```ts
 * import { defineModel, toMarkdown } from "@flowmade-one/aether/model";
 * import { assert } from "@std/assert";
 *
 * const doors = defineModel({
 *   name: "doors",
 *   actors: {
 *     door: {
 *       commands: { Open: { by: ["Visitor"], emits: ["Opened"] } },
 *       events: { Opened: { data: { by: "who opened it" } } },
 *     },
 *   },
 * });
 *
 * assert(toMarkdown(doors).includes("| Open | Visitor | Opened |"));
 * ```
 *
 * @returns The page, with a line break at its end.
 */
export function toMarkdown(model: Model): string {
  const reactions = reactionsOf(model);
  const parts = [`# ${line(model.title ?? model.name)}`];
  if (model.description !== undefined) parts.push(model.description);
  for (const [kind, actor] of Object.entries(model.actors)) {
    parts.push(...actorPart(kind, actor, reactions));
  }
  const titles = {
    policy: "Policies",
    readModel: "Read models",
    externalSystem: "External systems",
  };
  for (const [role, title] of Object.entries(titles)) {
    const own = reactions.filter((reaction) => reaction.role === role);
    if (own.length === 0) continue;
    parts.push(
      `## ${title}`,
      table(
        ["name", "hears of", "issues", "for"],
        own.map(({ name, title, on, issues, people }) => [
          title ?? name,
          on.join(", "),
          issues.join(", "),
          people.join(", "),
        ]),
      ),
    );
  }
  const { hotspots = [] } = model;
  if (hotspots.length > 0) {
    const notes = hotspots.map(({ note, about = [] }) =>
      `- ${line(note)}${about.length > 0 ? ` (${line(about.join(", "))})` : ""}`
    );
    parts.push("## Open questions", notes.join("\n"));
  }
  return parts.join("\n\n") + "\n";
}

function actorPart(
  kind: string,
  { title, description, commands, events, invariants = [] }: ActorModel,
  reactions: readonly Reaction[],
): string[] {
  const parts = [`## ${line(title ?? kind)}`];
  if (description !== undefined) parts.push(description);
  if (invariants.length > 0) {
    parts.push(invariants.map((each) => `- ${line(each)}`).join("\n"));
  }
  const issuers = (name: string) =>
    reactions.filter(({ issues }) => issues.includes(`${kind}.${name}`))
      .map(({ name, title }) => title ?? name);
  parts.push(table(
    ["command", "issued by", "leads to"],
    Object.entries(commands).map(([name, command]) => [
      named(name, command),
      [...command.by ?? [], ...issuers(name)].join(", "),
      command.emits.join(", "),
    ]),
  ));
  const readers = (type: string) =>
    reactions.filter(({ on }) => on.includes(type))
      .map(({ name, title }) => title ?? name);
  parts.push(table(
    ["event", "data", "read by"],
    Object.entries(events).map(([type, event]: [string, EventModel]) => [
      named(type, event),
      dataText(event.data),
      readers(type).join(", "),
    ]),
  ));
  return parts;
}

function named(name: string, { title, description }: Described): string {
  const shown = title === undefined ? name : `${title} (${name})`;
  return description === undefined ? shown : `${shown}: ${description}`;
}

function dataText(data: EventData | undefined): string {
  if (data === undefined) return "";
  if (typeof data === "string") return data;
  if (isSchema(data)) return `a schema of ${data["~standard"].vendor}`;
  return Object.entries(data).map(([field, text]) => `${field}: ${text}`)
    .join("; ");
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [
    head,
    head.map(() => "---"),
    ...rows.map((row) => row.map(cell)),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A text in one line, without what Markdown would take for markup. */
function line(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_<>[\]#]/g, "\\$&");
}

function cell(text: string): string {
  return line(text).replaceAll("|", "\\|");
}
