/**
 * What a model of a domain consists of, in EventStorming's words.
 *
 * @module
 */

import type { StandardSchema } from "./_standard_schema.ts";

/** Text about any part of a model. */
export interface Described {
  /** What people call it. @default its name */
  readonly title?: string | undefined;
  /** What it is, in a sentence or two. */
  readonly description?: string | undefined;
}

/**
 * The data of an event: a text about it, a text about each of its fields, or a
 * schema of a validation library that implements Standard Schema
 * (standardschema.dev), such as Zod, Valibot and ArkType do.
 */
export type EventData =
  | string
  | Readonly<Record<string, string>>
  | StandardSchema;

/** An event that can happen to an actor. Its name is the event type. */
export interface EventModel extends Described {
  /** What the event carries. */
  readonly data?: EventData | undefined;
}

/** A command that an actor accepts or refuses. */
export interface CommandModel extends Described {
  /** Who issues it: people, by what they are called. */
  readonly by?: readonly string[] | undefined;
  /** The event types of the same actor that it may lead to. */
  readonly emits: readonly string[];
}

/** A kind of actor: EventStorming's aggregate. */
export interface ActorModel extends Described {
  /**
   * What the ids of its actors begin with.
   * @default the actor's name followed by `-` or `.`
   */
  readonly idPrefixes?: readonly string[] | undefined;
  /** What can be asked of it. */
  readonly commands: Readonly<Record<string, CommandModel>>;
  /** What can happen to it. */
  readonly events: Readonly<Record<string, EventModel>>;
  /** What always holds, a sentence each. */
  readonly invariants?: readonly string[] | undefined;
}

/**
 * A reaction: whenever one of its events happens, it issues commands.
 *
 * @typeParam Type The event types there are.
 * @typeParam Command The commands there are.
 */
export interface PolicyModel<
  Type extends string = string,
  Command extends string = string,
> extends Described {
  /** The event types that it reacts to. */
  readonly on: readonly Type[];
  /** The commands it issues, each as `actor.command`. */
  readonly issues: readonly Command[];
}

/**
 * Information that is derived from events and that somebody looks at.
 *
 * @typeParam Type The event types there are.
 */
export interface ReadModel<Type extends string = string> extends Described {
  /** The event types that it is made from. */
  readonly from: readonly Type[];
  /** Who looks at it: people, by what they are called. */
  readonly for?: readonly string[] | undefined;
}

/**
 * A system that is not part of the model.
 *
 * @typeParam Type The event types there are.
 * @typeParam Command The commands there are.
 */
export interface ExternalSystem<
  Type extends string = string,
  Command extends string = string,
> extends Described {
  /** The event types that it is told of. */
  readonly on?: readonly Type[] | undefined;
  /** The commands it issues, each as `actor.command`. */
  readonly issues?: readonly Command[] | undefined;
}

/**
 * A question or a conflict that is still open.
 *
 * @typeParam Name What it may be about.
 */
export interface Hotspot<Name extends string = string> {
  /** What is open. */
  readonly note: string;
  /**
   * What it is about: names of actors, event types, policies, read models or
   * external systems, and commands as `actor.command`.
   */
  readonly about?: readonly Name[] | undefined;
}

/** A model of a domain. */
export interface Model extends Described {
  /** What the domain is called. Not empty. */
  readonly name: string;
  /** The kinds of actors, by their names. */
  readonly actors: Readonly<Record<string, ActorModel>>;
  /** Reactions to events, by their names. */
  readonly policies?: Readonly<Record<string, PolicyModel>> | undefined;
  /** What is derived from events, by their names. */
  readonly readModels?: Readonly<Record<string, ReadModel>> | undefined;
  /** Other systems, by their names. */
  readonly externalSystems?:
    | Readonly<Record<string, ExternalSystem>>
    | undefined;
  /** What is still open. */
  readonly hotspots?: readonly Hotspot[] | undefined;
}

/** The event types of all actors of a model. */
export type EventTypeOf<M extends Model> = {
  [Kind in keyof M["actors"]]: keyof M["actors"][Kind]["events"] & string;
}[keyof M["actors"]];

/** The commands of all actors of a model, each as `actor.command`. */
export type CommandOf<M extends Model> = {
  [Kind in keyof M["actors"] & string]: `${Kind}.${
    & keyof M["actors"][Kind]["commands"]
    & string}`;
}[keyof M["actors"] & string];
