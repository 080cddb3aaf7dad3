/**
 * Errors between this library and a NATS server.
 *
 * @module
 */

/** The connection was down, or dropped before the answer came. */
export class ConnectionLostError extends Error {
  /** Always `"ConnectionLostError"`. */
  override readonly name = "ConnectionLostError";
  /** Whether anything was sent, so that the outcome is unknown. */
  readonly sent: boolean;

  /** Says what was not answered, or how long the connection was down. */
  constructor(
    message: string,
    { sent = false, ...options }: ErrorOptions & { sent?: boolean } = {},
  ) {
    super(message, options);
    this.sent = sent;
  }
}

/** The connection is closed for good; nothing can be sent on it any more. */
export class ConnectionClosedError extends Error {
  /** Always `"ConnectionClosedError"`. */
  override readonly name = "ConnectionClosedError";
  /** Whether anything was sent, so that the outcome is unknown. */
  readonly sent: boolean;

  /** Says what can't be done any more. */
  constructor(
    message: string,
    { sent = false, ...options }: ErrorOptions & { sent?: boolean } = {},
  ) {
    super(message, options);
    this.sent = sent;
  }
}

/** A message, with the error that a server gave as the reason. */
export function withReason(message: string, reason: unknown): string {
  return reason instanceof Error ? `${message} (${reason.message})` : message;
}

/**
 * Whether a server closed the connection because of a message beyond its
 * `max_payload`. It reads nothing more of the connection then.
 */
export function isPayloadViolation(reason: Error | undefined): boolean {
  return /maximum payload/i.test(reason?.message ?? "");
}

/** The server did not answer in time: the outcome is unknown. */
export class RequestTimeoutError extends Error {
  /** Always `"RequestTimeoutError"`. */
  override readonly name = "RequestTimeoutError";
  /** How long was waited, in milliseconds. */
  readonly timeout: number;

  /** Says which subject did not answer, and for how long. */
  constructor(subject: string, timeout: number, options?: ErrorOptions) {
    super(
      `No answer from ${JSON.stringify(subject)} within ${
        Math.ceil(timeout)
      } ms`,
      options,
    );
    this.timeout = timeout;
  }
}

/** Nobody serves the subject: the request reached no one. */
export class NoRespondersError extends Error {
  /** Always `"NoRespondersError"`. */
  override readonly name = "NoRespondersError";
  /** The subject nobody serves. */
  readonly subject: string;

  /** Says which subject nobody serves. */
  constructor(subject: string) {
    super(`Nobody answers on ${JSON.stringify(subject)}`);
    this.subject = subject;
  }
}

/** The NATS user has no right to a subject. */
export class PermissionDeniedError extends Error {
  /** Always `"PermissionDeniedError"`. */
  override readonly name = "PermissionDeniedError";
  /** What the user may not do. */
  readonly operation: "publish" | "subscribe";
  /** The subject it may not do it on. */
  readonly subject: string;

  /** Says which right is missing, and what to do about it. */
  constructor(
    message: string,
    details: { operation: "publish" | "subscribe"; subject: string },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.operation = details.operation;
    this.subject = details.subject;
  }
}

/** The error for a right that the NATS user lacks. */
export function permissionDenied(
  operation: "publish" | "subscribe",
  subject: string,
  advice = "grant it that permission",
): PermissionDeniedError {
  const what = operation === "publish" ? "publish on" : "subscribe to";
  return new PermissionDeniedError(
    `The NATS user may not ${what} ${JSON.stringify(subject)}; ${advice}`,
    { operation, subject },
  );
}

/**
 * The server refused a subscription, because its limit of subscriptions
 * (`max_subscriptions`) is reached.
 */
export class SubscriptionLimitError extends Error {
  /** Always `"SubscriptionLimitError"`. */
  override readonly name = "SubscriptionLimitError";

  /** Carries what the server said. */
  constructor(options?: ErrorOptions) {
    super(
      "The server takes no more subscriptions on this connection (max_subscriptions); raise that limit, or open fewer",
      options,
    );
  }
}

/** JetStream answered a request with an error. */
export class JetStreamApiError extends Error {
  /** Always `"JetStreamApiError"`. */
  override readonly name = "JetStreamApiError";
  /** JetStream's error code, such as 10071. */
  readonly code: number;
  /** The status, such as 404. */
  readonly status: number;

  /** Carries what the server said. */
  constructor(
    message: string,
    details: { code: number; status: number },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = details.code;
    this.status = details.status;
  }
}

/**
 * An error of a request with the call that it fails, for the request knows only
 * what was sent: of a missing right, or JetStream's answer. Other errors are
 * given as they are.
 */
export function namingCall(action: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.message.startsWith("Cannot ")) {
    return error;
  }
  const message = `Cannot ${action}: ${error.message}`;
  if (error instanceof PermissionDeniedError) {
    return new PermissionDeniedError(message, error, { cause: error });
  }
  if (error instanceof JetStreamApiError) {
    return new JetStreamApiError(message, error, { cause: error });
  }
  return error;
}
