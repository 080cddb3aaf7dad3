/**
 * Draws models as Mermaid diagrams.
 *
 * @module
 */

import { badRange, oneOf, optionsOf } from "../internal/arguments.ts";
import { Flowchart } from "./_flowchart.ts";
import {
  commandsOf,
  eventsOf,
  followersOf,
  kindsOf,
  type Reaction,
  reactionsOf,
} from "./_graph.ts";
import type { Model } from "./model.ts";

/** Options of {@linkcode toMermaid}. */
export interface MermaidOptions {
  /**
   * What is drawn.
   *
   * - `"flow"`: everything, from who issues commands to who hears of events
   * - `"actor"`: each actor with its commands, events and invariants
   * - `"timeline"`: which events follow from which, a lane for each actor
   *
   * @default {"flow"}
   */
  view?: "flow" | "actor" | "timeline" | undefined;
  /** Only this actor, in the view `"actor"`. @default every actor */
  actor?: string | undefined;
}

/**
 * Draws a model as a Mermaid flowchart in EventStorming's colours: blue
 * commands, yellow actors and people, orange events, lilac policies, green
 * read models, pink external systems, red hotspots.
 *
 * @example
 * ```ts
 * import { defineModel, toMermaid } from "@flowmade-one/aether/model";
 * import { assert } from "@std/assert";
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
 *
 * assert(toMermaid(doors).startsWith("flowchart LR"));
 * ```
 *
 * @returns The diagram, without a line break at its end.
 * @throws {TypeError | RangeError} If an option is not valid.
 */
export function toMermaid(model: Model, options?: MermaidOptions): string {
  const action = "draw model";
  const { view = "flow", actor } = optionsOf(
    options,
    { view: true, actor: true },
    action,
  );
  oneOf(view, ["flow", "actor", "timeline"], action, "view");
  if (actor !== undefined && !Object.hasOwn(model.actors, actor)) {
    throw badRange(action, "actor", "an actor of the model", actor);
  }
  const chart = new Flowchart();
  if (view === "timeline") drawTimeline(chart, model);
  else if (view === "actor") drawActors(chart, model, actor);
  else drawFlow(chart, model);
  return chart.toString();
}

function drawFlow(chart: Flowchart, model: Model): void {
  const commands = new Map<string, string>();
  for (const { name, kind, command } of commandsOf(model)) {
    const short = name.slice(kind.length + 1);
    const node = chart.node("command", name, command.title ?? short);
    commands.set(name, node);
    for (const person of command.by ?? []) {
      chart.arrow(chart.node("person", person), node);
    }
    const actor = chart.node("actor", kind, model.actors[kind]!.title ?? kind);
    chart.arrow(node, actor);
    for (const type of command.emits) {
      chart.arrow(actor, eventNode(chart, model, kind, type));
    }
  }
  const kinds = new Map(eventsOf(model).map(({ type, kind }) => [type, kind]));
  for (const { type, kind } of eventsOf(model)) {
    eventNode(chart, model, kind, type);
  }
  for (const reaction of reactionsOf(model)) {
    const node = reactionNode(chart, reaction);
    for (const type of reaction.on) {
      const kind = kinds.get(type);
      if (kind === undefined) continue;
      chart.arrow(eventNode(chart, model, kind, type), node);
    }
    for (const command of reaction.issues) {
      const target = commands.get(command);
      if (target !== undefined) chart.arrow(node, target);
    }
    for (const person of reaction.people) {
      chart.arrow(node, chart.node("person", person));
    }
  }
  drawHotspots(chart, model, commands, kinds);
}

function drawHotspots(
  chart: Flowchart,
  model: Model,
  commands: ReadonlyMap<string, string>,
  kinds: ReadonlyMap<string, string>,
): void {
  const reactions = new Map(
    reactionsOf(model).map((reaction) => [reaction.name, reaction]),
  );
  const nodeOf = (name: string): string | undefined => {
    const reaction = reactions.get(name);
    const kind = kinds.get(name);
    if (commands.has(name)) return commands.get(name);
    if (kind !== undefined) return eventNode(chart, model, kind, name);
    if (reaction !== undefined) return reactionNode(chart, reaction);
    if (!Object.hasOwn(model.actors, name)) return undefined;
    return chart.node("actor", name, model.actors[name]!.title ?? name);
  };
  for (const [i, { note, about = [] }] of (model.hotspots ?? []).entries()) {
    const node = chart.node("hotspot", String(i), note);
    for (const name of about) {
      const target = nodeOf(name);
      if (target !== undefined) chart.line(node, target);
    }
  }
}

function drawActors(
  chart: Flowchart,
  model: Model,
  only: string | undefined,
): void {
  for (const { kind, actor } of kindsOf(model)) {
    if (only !== undefined && kind !== only) continue;
    chart.frame(actor.title ?? kind, () => {
      for (const [name, command] of Object.entries(actor.commands)) {
        const node = chart.node(
          "command",
          `${kind}.${name}`,
          command.title ?? name,
        );
        for (const type of command.emits) {
          chart.arrow(node, eventNode(chart, model, kind, type));
        }
      }
      for (const type of Object.keys(actor.events)) {
        eventNode(chart, model, kind, type);
      }
      for (const [i, invariant] of (actor.invariants ?? []).entries()) {
        chart.node("actor", `${kind}.${i}`, invariant);
      }
    });
  }
}

function drawTimeline(chart: Flowchart, model: Model): void {
  const kinds = new Map(eventsOf(model).map(({ type, kind }) => [type, kind]));
  for (const { kind, actor } of kindsOf(model)) {
    chart.frame(actor.title ?? kind, () => {
      for (const type of Object.keys(actor.events)) {
        eventNode(chart, model, kind, type);
      }
    });
  }
  for (const [type, followers] of followersOf(model)) {
    const kind = kinds.get(type);
    if (kind === undefined) continue;
    const from = eventNode(chart, model, kind, type);
    for (const next of followers) {
      const nextKind = kinds.get(next);
      if (nextKind === undefined) continue;
      chart.arrow(from, eventNode(chart, model, nextKind, next));
    }
  }
}

function eventNode(
  chart: Flowchart,
  model: Model,
  kind: string,
  type: string,
): string {
  const title = model.actors[kind]?.events[type]?.title;
  return chart.node("event", `${kind}.${type}`, title ?? type);
}

function reactionNode(
  chart: Flowchart,
  { role, name, title }: Reaction,
): string {
  return chart.node(role, name, title ?? name);
}
