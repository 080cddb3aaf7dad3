/**
 * A process that takes part in an election and does its work: it asks all the
 * time whether it leads, and writes down each time that it does. A line
 * `admission TERM TIME` bears the very reading of the clock that was compared,
 * in milliseconds since 1970, also where the process was stopped meanwhile. A
 * line `silence TIME` says how long no request was answered, and `held FROM TO`
 * when it, or its server, was held up. SIGTERM has it leave.
 *
 * Arguments: JSON of {@linkcode CandidateOptions}.
 *
 * @module
 */

import {
  LeaderElection,
  type LeaderElectionOptions,
} from "../../../cluster/mod.ts";
import { ComparedClock, say } from "../../support/compared_clock.ts";
import { connect } from "../../support/nats_connect.ts";
import { watchStalls } from "../../support/stalls.ts";

/** What a candidate is told. */
export interface CandidateOptions {
  readonly servers: readonly string[];
  readonly election: LeaderElectionOptions;
}

/** Milliseconds between two questions. */
const INTERVAL = 2;

const { servers, election: options }: CandidateOptions = JSON.parse(
  Deno.args[0]!,
);

const clock = new ComparedClock();

const nc = await connect(servers);
const election = await LeaderElection.join(nc, options);
watchStalls(
  nc,
  () => clock.now(),
  (from, to) => say("held", from, to),
);
let isOver = false;
Deno.addSignalListener("SIGTERM", () => isOver = true);
say("joined");

let server = "";
let answered = 0;
let answeredAt = performance.now();
while (!isOver) {
  if (nc.info !== undefined && nc.info.server_name !== server) {
    server = nc.info.server_name;
    say("server", server);
  }
  const { requests, failedRequests } = election.metrics;
  if (requests - failedRequests > answered) {
    answered = requests - failedRequests;
    const now = performance.now();
    say("silence", now - answeredAt);
    answeredAt = now;
  }
  const { answer: isLeader, time } = clock.ask(() => election.isLeader());
  if (isLeader) say("admission", election.term, time);
  await new Promise((resolve) => setTimeout(resolve, INTERVAL));
}
await election.close();
say("closed");
await nc.close();
Deno.exit(0);
