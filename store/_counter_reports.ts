/**
 * Counters as instruments: plain numbers that are summed up only when a meter
 * asks for them.
 *
 * @module
 */

import type { Meter, MeterAttributes } from "./telemetry.ts";

/** Plain counters by name. They only rise. */
export type Counters<Name extends string> = Record<Name, number>;

/** What one counter is as an instrument. */
export interface CounterInstrument {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  /** What its measurements bear beside the attributes of the counters. */
  readonly attributes?: MeterAttributes;
}

/** The instruments of a kind of counters. */
export type CounterInstruments<Name extends string> = Readonly<
  Record<Name, CounterInstrument>
>;

/** The most sets of attributes that are told apart, as OpenTelemetry does. */
const MAX_SETS = 2000;
const overflow: MeterAttributes = Object.freeze({
  "otel.metric.overflow": true,
});

interface Sum<Name extends string> {
  readonly attributes: MeterAttributes;
  readonly live: Set<Counters<Name>>;
  /** What is left of counters that rise no more. */
  readonly ended: Counters<Name>;
}

const kinds = new WeakMap<
  CounterInstruments<string>,
  WeakMap<Meter, ObservedCounters<string>>
>();

/**
 * All counters of one kind that are told to one meter. Those with the same
 * attributes are one total, as a meter wants it, and closing what they count
 * for takes nothing away from it.
 */
export class ObservedCounters<Name extends string> {
  readonly #names: readonly Name[];
  readonly #sums = new Map<string, Sum<Name>>();

  private constructor(meter: Meter, instruments: CounterInstruments<Name>) {
    this.#names = Object.keys(instruments) as Name[];
    for (const counter of this.#names) {
      const { name, unit, description, ...own } = instruments[counter];
      meter.createObservableCounter(name, { unit, description })
        .addCallback((result) => {
          for (const { attributes, live, ended } of this.#sums.values()) {
            let total = ended[counter];
            for (const counters of live) total += counters[counter];
            result.observe(total, { ...own.attributes, ...attributes });
          }
        });
    }
  }

  /** The ones of a meter; its instruments are made once. */
  static of<Name extends string>(
    meter: Meter,
    instruments: CounterInstruments<Name>,
  ): ObservedCounters<Name> {
    let meters = kinds.get(instruments);
    if (meters === undefined) kinds.set(instruments, meters = new WeakMap());
    const made = meters.get(meter);
    if (made !== undefined) return made as unknown as ObservedCounters<Name>;
    const observed = new ObservedCounters(meter, instruments);
    meters.set(meter, observed as unknown as ObservedCounters<string>);
    return observed;
  }

  /** Tells the counters from now on; returns how to end that. */
  add(counters: Counters<Name>, attributes: MeterAttributes): () => void {
    const sum = this.#sumOf(attributes);
    sum.live.add(counters);
    return () => {
      if (!sum.live.delete(counters)) return;
      for (const name of this.#names) sum.ended[name] += counters[name];
    };
  }

  #sumOf(attributes: MeterAttributes): Sum<Name> {
    const key = JSON.stringify(Object.entries(attributes));
    const found = this.#sums.get(key);
    if (found !== undefined) return found;
    if (this.#sums.size === MAX_SETS && attributes !== overflow) {
      return this.#sumOf(overflow);
    }
    const ended = {} as Counters<Name>;
    for (const name of this.#names) ended[name] = 0;
    const sum = { attributes, live: new Set<Counters<Name>>(), ended };
    this.#sums.set(key, sum);
    return sum;
  }
}
