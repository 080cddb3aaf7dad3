export * from "npm:@nats-io/nats-core@3.4.0";
