/**
 * The errors of a bus, one class a failure. Tell them apart with
 * `instanceof`.
 *
 * @module
 */

/** The bus was closed; nothing was sent. */
export class BusClosedError extends Error {
  /** Always `"BusClosedError"`. */
  override readonly name = "BusClosedError";

  /** Says what can't be done any more. */
  constructor(action: string) {
    super(`Cannot ${action}: the bus is closed`);
  }
}

/**
 * A subscription whose overflow is `"error"` did not keep up. It has ended:
 * everything before the event that found no room was delivered, and nothing
 * after it.
 */
export class SlowSubscriberError extends Error {
  /** Always `"SlowSubscriberError"`. */
  override readonly name = "SlowSubscriberError";
  /** The pattern of the subscription. */
  readonly pattern: string;
  /** How many events could wait. */
  readonly buffer: number;

  /** Says which subscription, and how much it could hold. */
  constructor(pattern: string, buffer: number) {
    super(
      `The subscription to ${
        JSON.stringify(pattern)
      } was too slow: ${buffer} event(s) waited when another one came`,
    );
    this.pattern = pattern;
    this.buffer = buffer;
  }
}

/**
 * A message on a subject of the bus is no event of that subject: another
 * client sent it. It was left out.
 */
export class MalformedMessageError extends Error {
  /** Always `"MalformedMessageError"`. */
  override readonly name = "MalformedMessageError";
  /** Where it was published. */
  readonly subject: string;
  /** Its payload's length in bytes. */
  readonly size: number;

  /** Says where, and wraps the reason as `cause`. */
  constructor(
    details: { subject: string; size: number },
    options?: ErrorOptions,
  ) {
    const { subject, size } = details;
    super(
      `A message of ${size} bytes on ${
        JSON.stringify(subject)
      } is no event of that subject`,
      options,
    );
    this.subject = subject;
    this.size = size;
  }
}
