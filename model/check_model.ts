/**
 * Finds what does not fit together in a model.
 *
 * @module
 */

import { nearestName } from "../internal/nearest.ts";
import {
  commandsOf,
  eventsOf,
  followersOf,
  kindsOf,
  reactionsOf,
} from "./_graph.ts";
import type { Finding } from "./finding.ts";
import type { Model } from "./model.ts";

/** What kind of finding {@linkcode checkModel} has. */
export type ModelFindingCode =
  /** The model has no actors. */
  | "empty-model"
  /** An event type is named that is not defined (there). */
  | "unknown-event"
  /** A command is named that is not defined. */
  | "unknown-command"
  /** A hotspot is about something that is not defined. */
  | "unknown-reference"
  /** Two actors have one event type. */
  | "shared-event-type"
  /** An event that no command emits. */
  | "event-never-emitted"
  /** A command that emits nothing. */
  | "command-without-events"
  /** A command that nobody issues. */
  | "command-never-issued"
  /** A policy, read model or external system that hears of no events. */
  | "hears-nothing"
  /** A policy that issues no commands. */
  | "policy-without-commands"
  /** Policies that may set each other off for ever. */
  | "policy-cycle";

/**
 * Checks that a model is whole: every reference is defined, every event is
 * emitted by a command, every command is issued by somebody, policies and read
 * models hear of events, no two actors share an event type, and policies do
 * not set each other off in a circle (which may be meant: a warning).
 *
 * @example
 * ```ts
 * import { checkModel, parseModel } from "@flowmade-one/aether/model";
 * import { assertEquals } from "@std/assert";
 *
 * const model = parseModel({
 *   name: "doors",
 *   actors: {
 *     door: {
 *       commands: { Open: { by: ["Visitor"], emits: ["Opend"] } },
 *       events: { Opened: {} },
 *     },
 *   },
 * });
 *
 * assertEquals(checkModel(model).map(({ code, place }) => [code, place]), [
 *   ["unknown-event", "actors.door.commands.Open.emits"],
 *   ["event-never-emitted", "actors.door.events.Opened"],
 * ]);
 * ```
 *
 * @returns The findings in the order of the model; none if it is whole.
 */
export function checkModel(model: Model): Finding<ModelFindingCode>[] {
  return [
    ...emptiness(model),
    ...commandFindings(model),
    ...eventFindings(model),
    ...reactionFindings(model),
    ...hotspotFindings(model),
    ...cycles(model),
  ];
}

type Found = Finding<ModelFindingCode>;

function error(code: ModelFindingCode, place: string, message: string): Found {
  return { code, severity: "error", place, message };
}

function warning(
  code: ModelFindingCode,
  place: string,
  message: string,
): Found {
  return { code, severity: "warning", place, message };
}

function emptiness(model: Model): Found[] {
  if (kindsOf(model).length > 0) return [];
  return [error("empty-model", "actors", "There are no actors: define one")];
}

/** Findings about names that are not among those that are defined. */
function unknown(
  code: ModelFindingCode,
  what: string,
  names: readonly string[],
  known: ReadonlySet<string>,
  place: string,
): Found[] {
  return names.filter((name) => !known.has(name)).map((name) => {
    const nearest = nearestName(name, [...known]);
    const remedy = nearest === undefined
      ? "define it, or take it out"
      : `did you mean ${JSON.stringify(nearest)}?`;
    return error(
      code,
      place,
      `There is no ${what} ${JSON.stringify(name)}: ${remedy}`,
    );
  });
}

function commandFindings(model: Model): Found[] {
  const issued = new Set(reactionsOf(model).flatMap(({ issues }) => issues));
  return commandsOf(model).flatMap(({ name, kind, command, place }) => {
    const own = new Set(Object.keys(model.actors[kind]!.events));
    const found = unknown(
      "unknown-event",
      `event of actor ${JSON.stringify(kind)} called`,
      command.emits,
      own,
      `${place}.emits`,
    );
    if (command.emits.length === 0) {
      found.push(error(
        "command-without-events",
        `${place}.emits`,
        "The command emits no event: name those that it may lead to",
      ));
    }
    if ((command.by ?? []).length === 0 && !issued.has(name)) {
      found.push(warning(
        "command-never-issued",
        place,
        "Nobody issues the command: name people in `by`, or a policy or an external system that issues it",
      ));
    }
    return found;
  });
}

function eventFindings(model: Model): Found[] {
  const emitted = new Map<string, Set<string>>();
  for (const { kind, command } of commandsOf(model)) {
    const types = emitted.get(kind) ?? new Set();
    for (const type of command.emits) types.add(type);
    emitted.set(kind, types);
  }
  const first = new Map<string, string>();
  return eventsOf(model).flatMap(({ type, kind, place }) => {
    const found: Found[] = [];
    const other = first.get(type);
    if (other !== undefined) {
      found.push(error(
        "shared-event-type",
        place,
        `Actor ${
          JSON.stringify(other)
        } has an event type of this name, too: rename one of them, so that a subscriber can tell them apart`,
      ));
    } else first.set(type, kind);
    if (!emitted.get(kind)?.has(type)) {
      found.push(warning(
        "event-never-emitted",
        place,
        "No command of the actor emits the event: add it to the `emits` of one, or take it out",
      ));
    }
    return found;
  });
}

function reactionFindings(model: Model): Found[] {
  const types = new Set(eventsOf(model).map(({ type }) => type));
  const commands = new Set(commandsOf(model).map(({ name }) => name));
  return reactionsOf(model).flatMap(({ role, place, on, issues }) => {
    const list = role === "readModel" ? "from" : "on";
    const found = [
      ...unknown("unknown-event", "event type", on, types, `${place}.${list}`),
      ...unknown(
        "unknown-command",
        "command",
        issues,
        commands,
        `${place}.issues`,
      ),
    ];
    const needsEvents = role !== "externalSystem" || issues.length === 0;
    if (needsEvents && on.length === 0) {
      found.push(error(
        "hears-nothing",
        `${place}.${list}`,
        "It hears of no event: name those that it is about",
      ));
    }
    if (role === "policy" && issues.length === 0) {
      found.push(error(
        "policy-without-commands",
        `${place}.issues`,
        "The policy issues no command: name those that it issues",
      ));
    }
    return found;
  });
}

function hotspotFindings(model: Model): Found[] {
  const known = new Set([
    ...kindsOf(model).map(({ kind }) => kind),
    ...eventsOf(model).map(({ type }) => type),
    ...commandsOf(model).map(({ name }) => name),
    ...reactionsOf(model).map(({ name }) => name),
  ]);
  return (model.hotspots ?? []).flatMap(({ about = [] }, i) =>
    unknown("unknown-reference", "part", about, known, `hotspots[${i}].about`)
  );
}

/** One finding for each group of event types that lead back to themselves. */
function cycles(model: Model): Found[] {
  const followers = followersOf(model);
  const leaders = reversed(followers);
  const found: Found[] = [];
  const done = new Set<string>();
  for (const start of followers.keys()) {
    if (done.has(start)) continue;
    const path = pathBack(start, followers);
    if (path === undefined) continue;
    const before = reachable(start, leaders);
    for (const type of reachable(start, followers)) {
      if (before.has(type)) done.add(type);
    }
    found.push(warning(
      "policy-cycle",
      "policies",
      `Policies lead in a circle, ${
        path.join(", ")
      }: make sure that something ends it`,
    ));
  }
  return found;
}

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function reversed(graph: Graph): Graph {
  const result = new Map<string, Set<string>>();
  for (const [from, targets] of graph) {
    for (const to of targets) {
      const sources = result.get(to) ?? new Set();
      result.set(to, sources.add(from));
    }
  }
  return result;
}

function reachable(start: string, graph: Graph): Set<string> {
  const found = new Set<string>();
  const queue = [start];
  for (const type of queue) {
    for (const next of graph.get(type) ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      queue.push(next);
    }
  }
  return found;
}

/** The shortest way from an event type back to it, which it is first and last of. */
function pathBack(
  start: string,
  followers: Graph,
): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const type of queue) {
    for (const next of followers.get(type) ?? []) {
      if (next === start) {
        const path = [start];
        for (let at = type; at !== start; at = cameFrom.get(at)!) {
          path.splice(0, 0, at);
        }
        return [start, ...path.slice(0, -1), start];
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, type);
      queue.push(next);
    }
  }
  return undefined;
}
