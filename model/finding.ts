/**
 * What checks of a model find.
 *
 * @module
 */

/** Something in a model, or in what is held against it, that needs a look. */
export interface Finding<Code extends string = string> {
  /** What kind of finding it is. */
  readonly code: Code;
  /** Whether it is wrong (`"error"`) or only odd (`"warning"`). */
  readonly severity: "error" | "warning";
  /** Where in the model, such as `actors.account.commands.Deposit`. */
  readonly place: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}
