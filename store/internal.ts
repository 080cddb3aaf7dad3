/**
 * What the layers above need of this one and users don't.
 *
 * @module
 */

export {
  badRange,
  badType,
  checkSignal,
  checkVersion,
  oneOf,
  optionsOf,
} from "./_arguments.ts";
export { decodeEvent, encodeEventTo, sealEvent } from "./_event_codec.ts";
export {
  activeTrace,
  checkTrace,
  traceLines,
  traceOfHeaders,
  traceOfSpan,
} from "./_trace.ts";
export { checkTelemetry } from "./_monitor.ts";
export { ObservedCounters } from "./_observed_counters.ts";
export type { CounterInstruments, Counters } from "./_observed_counters.ts";
export { untilAborted } from "./_waiting.ts";
export { Ring } from "./_ring.ts";
