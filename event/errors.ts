/**
 * Errors of events that were not sent anywhere.
 *
 * @module
 */

/** An event, or JSON read as one, is not valid. Nothing was sent. */
export class InvalidEventError extends TypeError {
  /** Always `"InvalidEventError"`. */
  override readonly name = "InvalidEventError";
  /** Where in the event, such as `data.items[2].price`; empty for all of it. */
  readonly path: string;

  /** Says what is wrong, and where. */
  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** An event, or a snapshot, is larger than the server takes; it stored no event. */
export class PayloadTooLargeError extends RangeError {
  /** Always `"PayloadTooLargeError"`. */
  override readonly name = "PayloadTooLargeError";
  /** Bytes of the message with its headers. */
  readonly size: number;
  /** The most the server takes, in bytes, inclusive. */
  readonly limit: number;

  /** Says what is too large, its size, and the limit. */
  constructor(message: string, details: { size: number; limit: number }) {
    super(message);
    this.size = details.size;
    this.limit = details.limit;
  }
}
