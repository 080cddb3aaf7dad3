/**
 * Holds a decider against the model of its actor.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import type { Decider } from "../decider/decider.ts";
import { badType, optionsOf } from "../internal/arguments.ts";
import { nearestName } from "../internal/nearest.ts";
import { memberPath } from "./_read_model.ts";
import { isSchema, type StandardIssue } from "./_standard_schema.ts";
import type { Finding } from "./finding.ts";
import type { ActorModel } from "./model.ts";

/** A command to try, and the state it meets. */
export interface DeciderSample<State, Command, E extends AnyEvent> {
  /** The command. */
  readonly command: Command;
  /** What has happened before; evolved from `state`. @default nothing */
  readonly given?: readonly Pick<E, "eventType" | "data">[] | undefined;
  /** The state before. @default the decider's `initialState` */
  readonly state?: State | undefined;
}

/** What kind of finding {@linkcode checkDecider} has. */
export type DeciderFindingCode =
  /** A sample has a command that the model does not know. */
  | "unknown-command"
  /** The decider emitted an event type that the model does not know. */
  | "unknown-event"
  /** The decider emitted an event that the command does not lead to. */
  | "undeclared-event"
  /** The data of an emitted event does not fit its schema. */
  | "invalid-data"
  /** The decider threw what is no rejection. */
  | "decider-failed"
  /** No sample has the command. */
  | "command-not-tried"
  /** No sample led to the event that the command is to emit. */
  | "event-not-seen";

/** Options of {@linkcode checkDecider}. */
export interface CheckDeciderOptions<Command> {
  /**
   * The name that the model has for a command.
   * @default its property `type`
   */
  commandType?: ((command: Command) => string) | undefined;
}

/**
 * Runs a decider over given commands and states, and tells where it does what
 * its model does not say. A command that is rejected is as good as any.
 *
 * @example
 * ```ts
 * import { checkDecider, defineModel } from "@flowmade-one/aether/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { actors: { door } } = defineModel({
 *   name: "doors",
 *   actors: {
 *     door: {
 *       commands: { Open: { by: ["Visitor"], emits: ["Opened"] } },
 *       events: { Opened: {} },
 *     },
 *   },
 * });
 * const decider = {
 *   initialState: {},
 *   decide: (_: { type: "Open" }) => ({ eventType: "Slammed", data: {} }),
 *   evolve: (state: object) => state,
 * };
 *
 * const findings = await checkDecider(door, decider, [
 *   { command: { type: "Open" } },
 * ]);
 * assertEquals(findings.map(({ code }) => code), [
 *   "unknown-event",
 *   "event-not-seen",
 * ]);
 * ```
 *
 * @param actor The actor's part of the model.
 * @param samples Commands to try, each with what it meets.
 * @returns The findings, each once; none if all fits.
 * @throws {TypeError} If an argument is not what it must be, or a command has
 * no name.
 */
export async function checkDecider<State, Command, E extends AnyEvent>(
  actor: ActorModel,
  decider: Decider<State, Command, E>,
  samples: readonly DeciderSample<State, Command, E>[],
  options?: CheckDeciderOptions<Command>,
): Promise<Finding<DeciderFindingCode>[]> {
  const action = "check decider";
  const { commandType = typeOf } = optionsOf(
    options,
    { commandType: true },
    action,
  );
  const check = new DeciderCheck(actor);
  for (const [i, { command, given = [], state }] of samples.entries()) {
    const name = commandType(command);
    if (typeof name !== "string") {
      throw badType(
        action,
        `the name of the command of samples[${i}]`,
        "a string",
        name,
      );
    }
    if (!check.begin(name)) continue;
    let before = state === undefined ? decider.initialState : state;
    let decided;
    try {
      for (const event of given) before = decider.evolve(before, event as E);
      decided = decider.decide(command, before);
    } catch (error) {
      check.thrown(name, error);
      continue;
    }
    for (const draft of [decided].flat()) {
      await check.emitted(name, draft as Pick<AnyEvent, "eventType" | "data">);
    }
  }
  return check.end();
}

function typeOf(command: unknown): string {
  return (command as { type: string } | undefined)?.type as string;
}

/** Collects findings, each once. */
class DeciderCheck {
  readonly #actor: ActorModel;
  readonly #findings = new Map<string, Finding<DeciderFindingCode>>();
  /** The event types that were seen, by the command that was tried. */
  readonly #seen = new Map<string, Set<string>>();

  constructor(actor: ActorModel) {
    this.#actor = actor;
  }

  /** Whether the model knows the command. */
  begin(name: string): boolean {
    if (Object.hasOwn(this.#actor.commands, name)) {
      if (!this.#seen.has(name)) this.#seen.set(name, new Set());
      return true;
    }
    const nearest = nearestName(name, Object.keys(this.#actor.commands));
    this.#add(
      "unknown-command",
      memberPath("commands", name),
      nearest === undefined
        ? "The model does not know the command: define it"
        : `The model does not know the command: define it, or did you mean ${
          JSON.stringify(nearest)
        }?`,
    );
    return false;
  }

  thrown(name: string, error: unknown): void {
    // By its name: a program may hold two copies of this library.
    if (error instanceof Error && error.name === "Rejection") return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#add(
      "decider-failed",
      memberPath("commands", name),
      `The decider threw an error that is no Rejection: ${reason}`,
    );
  }

  async emitted(
    name: string,
    { eventType, data }: Pick<AnyEvent, "eventType" | "data">,
  ): Promise<void> {
    this.#seen.get(name)!.add(eventType);
    const place = memberPath("commands", name);
    const { commands, events } = this.#actor;
    if (!Object.hasOwn(events, eventType)) {
      return this.#add(
        "unknown-event",
        place,
        `The decider emitted ${
          JSON.stringify(eventType)
        }, which is no event of the actor: define it`,
      );
    }
    if (!commands[name]!.emits.includes(eventType)) {
      this.#add(
        "undeclared-event",
        place,
        `The decider emitted ${
          JSON.stringify(eventType)
        }: add it to the command's \`emits\``,
      );
    }
    const schema = events[eventType]!.data;
    if (!isSchema(schema)) return;
    const { issues } = await schema["~standard"].validate(data);
    if (issues === undefined) return;
    this.#add(
      "invalid-data",
      memberPath("events", eventType),
      `The data that ${name} emitted does not fit the schema: ${
        issues.map(textOf).join("; ")
      }`,
    );
  }

  end(): Finding<DeciderFindingCode>[] {
    for (const [name, { emits }] of Object.entries(this.#actor.commands)) {
      const place = memberPath("commands", name);
      const seen = this.#seen.get(name);
      if (seen === undefined) {
        this.#add("command-not-tried", place, "Add a sample with the command");
        continue;
      }
      for (const type of emits) {
        if (seen.has(type)) continue;
        this.#add(
          "event-not-seen",
          place,
          `No sample led to ${
            JSON.stringify(type)
          }: add one that does, or take it out of \`emits\``,
        );
      }
    }
    return [...this.#findings.values()];
  }

  #add(code: DeciderFindingCode, place: string, message: string): void {
    const isGap = code === "command-not-tried" || code === "event-not-seen";
    const severity = isGap ? "warning" : "error";
    const key = JSON.stringify([code, place, message]);
    if (this.#findings.has(key)) return;
    this.#findings.set(key, { code, severity, place, message });
  }
}

function textOf({ message, path }: StandardIssue): string {
  if (path === undefined || path.length === 0) return message;
  const keys = path.map((part) =>
    String(typeof part === "object" ? part.key : part)
  );
  return `${keys.join(".")}: ${message}`;
}
