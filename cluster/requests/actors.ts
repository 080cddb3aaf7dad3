/**
 * The actors of a kind, wherever they are.
 *
 * @module
 */

/** Options of {@linkcode Actors.request}. */
export interface RequestOptions {
  /**
   * Names the command, for a handler that recognises one that it has carried
   * out already: the request is sent again where it may have begun, so that a
   * crash of a node costs time and no error, as long as `timeout` is longer
   * than the lease. 1 to 256 characters.
   */
  commandId?: string | undefined;
  /**
   * How long it may take, in milliseconds: 1 or more. A hand-over takes up to a
   * second, a crash of a node as long as a lease (15 seconds by default) and a
   * moment. @default {40_000} with `commandId` or `idempotent`, else 5,000
   */
  timeout?: number | undefined;
  /**
   * Whether doing it twice does no harm: it is then sent again where it may
   * have begun. @default {false}
   */
  idempotent?: boolean | undefined;
  /** Gives up: the request fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * The actors of a kind.
 *
 * @typeParam Payload What requests carry.
 * @typeParam Reply What they are answered with.
 */
export interface Actors<Payload, Reply> {
  /** The kind. */
  readonly kind: string;

  /**
   * Sends a request to an actor, on whichever node it is. The payload is JSON
   * or a Uint8Array. Requests of one caller to one actor that are awaited one
   * after the other are handled in that order.
   *
   * It goes to the right node until its time is up, also while the actor's
   * shard moves or its node crashes. Where it may have begun it is sent again
   * only with a `commandId` or as `idempotent`.
   *
   * @throws {Rejection} If the handler has thrown one: the domain's no.
   * @throws {HandlerError} If the handler failed otherwise.
   * @throws {ActorTimeoutError} If it was not answered in time.
   * @throws {NoOwnerError} If no node has served the actor in time.
   * @throws {RequestLostError} If it may have begun, and its answer is lost.
   * @throws {OverloadedError} If too much waits there.
   * @throws {UnknownKindError} If the node that owns it does not host the kind.
   * @throws {NodeLeftError} If this node has left the cluster: nothing was
   * begun.
   * @throws {RequestTooLargeError} If it is larger than the server takes.
   * @throws {UnreadableRequestError} If the actor's node has another version of
   * the library, which can't read it.
   * @throws {TypeError | RangeError} If an argument is not valid, or the cluster
   * was not started.
   */
  request(
    actorId: string,
    payload: Payload,
    options?: RequestOptions,
  ): Promise<Reply>;
}
