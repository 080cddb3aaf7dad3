/**
 * Which parts of a model lead to which.
 *
 * @module
 */

import { memberPath } from "./_read_model.ts";
import type { ActorModel, CommandModel, EventModel, Model } from "./model.ts";

/** A command with the actor it is of. */
export interface CommandPart {
  /** `actor.command`. */
  readonly name: string;
  readonly kind: string;
  readonly command: CommandModel;
  readonly place: string;
}

/** An event type with the actor it is of. */
export interface EventPart {
  readonly type: string;
  readonly kind: string;
  readonly event: EventModel;
  readonly place: string;
}

/** A part that reacts to events or issues commands. */
export interface Reaction {
  readonly role: "policy" | "readModel" | "externalSystem";
  readonly name: string;
  readonly title: string | undefined;
  readonly place: string;
  readonly on: readonly string[];
  readonly issues: readonly string[];
  readonly people: readonly string[];
}

/** The kinds of actors of a model. */
export function kindsOf(
  { actors }: Model,
): { kind: string; actor: ActorModel; place: string }[] {
  return Object.entries(actors).map(([kind, actor]) => ({
    kind,
    actor,
    place: memberPath("actors", kind),
  }));
}

/** Every command of a model. */
export function commandsOf(model: Model): CommandPart[] {
  return kindsOf(model).flatMap(({ kind, actor, place }) =>
    Object.entries(actor.commands).map(([name, command]) => ({
      name: `${kind}.${name}`,
      kind,
      command,
      place: memberPath(`${place}.commands`, name),
    }))
  );
}

/** Every event type of a model, once for each actor that has it. */
export function eventsOf(model: Model): EventPart[] {
  return kindsOf(model).flatMap(({ kind, actor, place }) =>
    Object.entries(actor.events).map(([type, event]) => ({
      type,
      kind,
      event,
      place: memberPath(`${place}.events`, type),
    }))
  );
}

/** Policies, read models and external systems, in that order. */
export function reactionsOf(model: Model): Reaction[] {
  const { policies = {}, readModels = {}, externalSystems = {} } = model;
  return [
    ...Object.entries(policies).map(([name, { title, on, issues }]) => ({
      role: "policy" as const,
      name,
      title,
      place: memberPath("policies", name),
      on,
      issues,
      people: [],
    })),
    ...Object.entries(readModels).map(([name, part]) => ({
      role: "readModel" as const,
      name,
      title: part.title,
      place: memberPath("readModels", name),
      on: part.from,
      issues: [],
      people: part.for ?? [],
    })),
    ...Object.entries(externalSystems).map(([name, part]) => ({
      role: "externalSystem" as const,
      name,
      title: part.title,
      place: memberPath("externalSystems", name),
      on: part.on ?? [],
      issues: part.issues ?? [],
      people: [],
    })),
  ];
}

/** The event types that can follow from each one by way of policies. */
export function followersOf(model: Model): Map<string, Set<string>> {
  const emitted = new Map(
    commandsOf(model).map(({ name, command }) => [name, command.emits]),
  );
  const followers = new Map<string, Set<string>>();
  for (const { role, on, issues } of reactionsOf(model)) {
    if (role !== "policy") continue;
    const next = issues.flatMap((command) => emitted.get(command) ?? []);
    for (const type of on) {
      const known = followers.get(type) ?? new Set();
      for (const each of next) known.add(each);
      followers.set(type, known);
    }
  }
  return followers;
}
