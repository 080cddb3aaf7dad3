/**
 * Models of a domain in EventStorming's words: described in TypeScript, checked
 * against deciders and stored events, drawn as diagrams.
 *
 * @example Describe, check and draw
 * ```ts
 * import { checkModel, defineModel, toMermaid } from "@flowmade-one/aether/model";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const shop = defineModel({
 *   name: "shop",
 *   actors: {
 *     order: {
 *       commands: { Place: { by: ["Customer"], emits: ["OrderPlaced"] } },
 *       events: { OrderPlaced: { data: { total: "in cents" } } },
 *     },
 *     parcel: {
 *       commands: { Pack: { emits: ["ParcelPacked"] } },
 *       events: { ParcelPacked: {} },
 *     },
 *   },
 *   policies: {
 *     "pack what was ordered": { on: ["OrderPlaced"], issues: ["parcel.Pack"] },
 *   },
 * });
 *
 * assertEquals(checkModel(shop), []);
 * assert(toMermaid(shop).includes("OrderPlaced"));
 * ```
 *
 * @module
 */

export type { AnyEvent, Event } from "../event/event.ts";
export type { EventDraft, EventDraftOf } from "../event/event_draft.ts";
export type { Decided, Decider } from "../decider/decider.ts";
export { checkDecider } from "./check_decider.ts";
export type {
  CheckDeciderOptions,
  DeciderFindingCode,
  DeciderSample,
} from "./check_decider.ts";
export { checkModel } from "./check_model.ts";
export type { ModelFindingCode } from "./check_model.ts";
export { checkStore } from "./check_store.ts";
export type {
  CheckStoreOptions,
  StoreReport,
  UnknownEventType,
} from "./check_store.ts";
export { defineModel } from "./define_model.ts";
export type { NameOf, References } from "./define_model.ts";
export { discoverModel, toProcessMap } from "./discover_model.ts";
export type {
  DiscoveredKind,
  DiscoverOptions,
  Discovery,
  EventFollow,
  ProcessMapOptions,
} from "./discover_model.ts";
export type {
  EventSource,
  ScanOptions,
  ScanProgress,
} from "./_event_source.ts";
export type { Finding } from "./finding.ts";
export { parseModel, toJSON } from "./json.ts";
export { toMarkdown } from "./markdown.ts";
export { toMermaid } from "./mermaid.ts";
export type { MermaidOptions } from "./mermaid.ts";
export type {
  ActorModel,
  CommandModel,
  CommandOf,
  Described,
  EventData,
  EventModel,
  EventTypeOf,
  ExternalSystem,
  Hotspot,
  Model,
  PolicyModel,
  ReadModel,
} from "./model.ts";
export type {
  StandardIssue,
  StandardResult,
  StandardSchema,
} from "./_standard_schema.ts";
