/**
 * The smoke set: the tests that run where only the way to the server differs,
 * such as another transport or a user with fewer rights. At least one for each
 * operation, and one for each subject that a store uses.
 *
 * @module
 */

/** Titles of the smoke set's tests. */
export const SMOKE_SET: ReadonlySet<string> = new Set([
  "saveEvent() says version and sequence when it stored the event",
  "saveEvent() rejects a version when it is not above the latest",
  "saveEvents() saves when every actor is at its expected version",
  "saveEvents() saves nothing when one version is not above its actor's latest",
  "saveEvents() saves 1,000 events of 1,000 actors",
  "saveEvent() takes data of 1,000,000 bytes",
  "saveEvents() keeps actors apart when their ids are odd",
  "saveEvent() rejects an id when it belongs to another event",
  "saveEvent() knows stored events long after the duplicate window",
  "saveEvent() finds a duplicate when another instance stored the event",
  "saveEvents() saves the rest when some of it is stored already",
  "saveEvent() gives each version one winner when writers race",
  "saveEvents() gives each version one winner when writers race over two actors",
  "the store does what a simple model does, whatever is called",
  "append() appends behind versions with gaps",
  "append() conflicts when the actor is not at expectedVersion",
  "append() goes on from what another instance stored",
  "every read finds nothing when the actor has no events",
  "every read sees a save that another instance was told of",
  "getEvents() begins at fromVersion when it is given",
  "getLatestVersions() tells the versions of many actors",
  "readEvents() yields what the bounds say, in both directions",
  "readEvents() yields long histories whole",
  "readEvents() fails with the signal's reason when it is aborted on the way",
  "getLatestSnapshot() gives the newest one",
  "getLatestSnapshot() gives what another instance saved",
  "saveSnapshot() never goes back, nor between the same two events",
  "saveSnapshot() keeps actors apart when their ids are odd",
  "subscribe() gives what the filter says",
  "subscribe() takes patterns with odd tokens",
  "subscribe() goes on with live events when it has caught up",
  'subscribe() begins with what is saved next when after is "end"',
  "subscribe() resumes from every checkpoint",
  "iterating fails when the checkpoint is of another stream",
  "closing ends an iteration that waits, and closing twice is harmless",
  "closing twice, also at once, is harmless",
  "closing the store leaves other instances open",
  "stores of different namespaces see nothing of each other",
  "readAll() gives what a subscription gives, either way",
  "actorIds() gives each actor once, those of a filter only",
  "patterns that overlap give each event once, also live",
]);
