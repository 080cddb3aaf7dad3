/**
 * What the layers above need of this one and users don't.
 *
 * @module
 */

export {
  badRange,
  badType,
  checkFunction,
  checkInteger,
  checkSignal,
  copyEventTypes,
  oneOf,
  optionsOf,
  refuseOptions,
} from "./_arguments.ts";
export { decodeEvent, encodeEventTo, sealEvent } from "./_event_codec.ts";
export {
  activeTrace,
  checkTrace,
  traceLines,
  traceOfMessage,
} from "./_trace.ts";
export { checkTelemetry } from "./_telemetry_options.ts";
export { CounterReports } from "./_counter_reports.ts";
export type { Counters, InstrumentSet } from "./_counter_reports.ts";
export { untilAborted } from "./_waiting.ts";
export { Ring } from "./_ring.ts";
export { Iteration, type Reason, reasonOf } from "./_iteration.ts";
