/**
 * Models written in TypeScript, with references that are checked where they
 * stand.
 *
 * @module
 */

import { readModel } from "./_read_model.ts";
import type {
  CommandOf,
  EventTypeOf,
  ExternalSystem,
  Hotspot,
  Model,
  PolicyModel,
  ReadModel,
} from "./model.ts";

/** Whatever a hotspot of a model can be about. */
export type NameOf<M extends Model> =
  | EventTypeOf<M>
  | CommandOf<M>
  | keyof M["actors"] & string
  | keyof M["policies"] & string
  | keyof M["readModels"] & string
  | keyof M["externalSystems"] & string;

/** What the references of a model may name: what it defines itself. */
export interface References<M extends Model> {
  /** Commands emit events of their own actor. */
  readonly actors: {
    readonly [Kind in keyof M["actors"]]: {
      readonly commands: {
        readonly [Name in keyof M["actors"][Kind]["commands"]]: {
          readonly emits:
            readonly (keyof M["actors"][Kind]["events"] & string)[];
        };
      };
    };
  };
  /** Policies react to events and issue commands. */
  readonly policies?:
    | Readonly<Record<string, PolicyModel<EventTypeOf<M>, CommandOf<M>>>>
    | undefined;
  /** Read models are made from events. */
  readonly readModels?:
    | Readonly<Record<string, ReadModel<EventTypeOf<M>>>>
    | undefined;
  /** External systems hear of events and issue commands. */
  readonly externalSystems?:
    | Readonly<Record<string, ExternalSystem<EventTypeOf<M>, CommandOf<M>>>>
    | undefined;
  /** Hotspots are about anything. */
  readonly hotspots?: readonly Hotspot<NameOf<M>>[] | undefined;
}

/**
 * Defines a model. A reference to an event type or a command that is not
 * defined does not compile; {@linkcode checkModel} finds what types can't.
 *
 * @example
 * ```ts
 * import { checkModel, defineModel } from "@flowmade-one/aether/model";
 * import { assertEquals } from "@std/assert";
 *
 * const bank = defineModel({
 *   name: "bank",
 *   actors: {
 *     account: {
 *       commands: {
 *         Open: { by: ["Customer"], emits: ["Opened"] },
 *         Deposit: { by: ["Customer"], emits: ["Deposited"] },
 *       },
 *       events: {
 *         Opened: { data: { owner: "who owns the account" } },
 *         Deposited: { data: { amount: "in cents" } },
 *       },
 *       invariants: ["The balance is never negative"],
 *     },
 *   },
 *   readModels: { balances: { from: ["Deposited"], for: ["Customer"] } },
 * });
 *
 * const type: "Opened" | "Deposited" = bank.actors.account.commands.Open.emits[0];
 * assertEquals(type, "Opened");
 * assertEquals(checkModel(bank), []);
 * ```
 *
 * @param model The model.
 * @returns A deeply frozen copy with the types of its literals.
 * @throws {TypeError} If a part is of the wrong type or has an unknown key,
 * with the path to it.
 */
export function defineModel<const M extends Model>(
  model: M & References<M>,
): M {
  return readModel(model, "define model") as M;
}
