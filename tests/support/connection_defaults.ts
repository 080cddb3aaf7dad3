import type { ConnectionOptions } from "@nats-io/nats-core";

/** Settings that fit tests: connections redial for ever and at once, and give up soon on what does not answer. */
export const CONNECTION_DEFAULTS: Readonly<ConnectionOptions> = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
  reconnectJitter: 20,
  timeout: 2000,
  noRandomize: true,
  ignoreClusterUpdates: true,
};
