/**
 * Counters as instruments: plain numbers, of which a meter is told when it
 * collects and when what they count for ends. Telling it of each single event
 * would cost more than the event.
 *
 * @module
 */

import type { Counter, Meter, MeterAttributes } from "./types.ts";

/** Plain counters by name. They only rise. */
export type Counters<Name extends string> = Record<Name, number>;

/** What a number is as an instrument. */
export interface NamedInstrument {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  /** What its measurements bear beside the attributes of the counters. */
  readonly attributes?: MeterAttributes;
}

/** The instruments of a kind of counters. */
export interface InstrumentSet<Name extends string> {
  readonly counters: Readonly<Record<Name, NamedInstrument>>;
  /** A number that goes up and down, and is collected. */
  readonly gauge: NamedInstrument;
}

/** Counters, and how much of them the meter knows. */
interface Source<Name extends string> {
  readonly counters: Counters<Name>;
  readonly told: Counters<Name>;
  readonly attributes: MeterAttributes;
}

/** A number by its attributes. */
interface Gauge {
  readonly attributes: MeterAttributes;
  read(): number;
}

const known = new WeakMap<
  InstrumentSet<string>,
  WeakMap<Meter, CounterReports<string>>
>();

/** All counters of one kind that one meter is told of. */
export class CounterReports<Name extends string> {
  readonly #instruments: [Name, Counter, MeterAttributes | undefined][] = [];
  readonly #sources = new Set<Source<Name>>();
  readonly #gauges = new Set<Gauge>();

  private constructor(
    meter: Meter,
    { counters, gauge }: InstrumentSet<Name>,
  ) {
    for (const key of Object.keys(counters) as Name[]) {
      const { name, unit, description, attributes } = counters[key];
      const counter = meter.createCounter(name, { unit, description });
      this.#instruments.push([key, counter, attributes]);
    }
    const { name, unit, description } = gauge;
    meter.createObservableGauge(name, { unit, description })
      .addCallback((result) => {
        for (const source of this.#sources) this.#tell(source);
        for (const [attributes, value] of this.#levels()) {
          result.observe(value, attributes);
        }
      });
  }

  /** Those of a meter; its instruments are made once. */
  static of<Name extends string>(
    meter: Meter,
    set: InstrumentSet<Name>,
  ): CounterReports<Name> {
    let meters = known.get(set);
    if (meters === undefined) known.set(set, meters = new WeakMap());
    const made = meters.get(meter);
    if (made !== undefined) return made as unknown as CounterReports<Name>;
    const reports = new CounterReports(meter, set);
    meters.set(meter, reports as unknown as CounterReports<string>);
    return reports;
  }

  /** Tells the counters from now on; returns how to tell the last and end. */
  add(counters: Counters<Name>, attributes: MeterAttributes): () => void {
    const told = { ...counters };
    for (const name of Object.keys(told) as Name[]) told[name] = 0;
    const source = { counters, told, attributes };
    this.#sources.add(source);
    return () => {
      this.#tell(source);
      this.#sources.delete(source);
    };
  }

  /** Has the gauge read a number from now on; returns how to end that. */
  gauge(read: () => number, attributes: MeterAttributes): () => void {
    const gauge = { read, attributes };
    this.#gauges.add(gauge);
    return () => this.#gauges.delete(gauge);
  }

  #tell({ counters, told, attributes }: Source<Name>): void {
    for (const [name, counter, own] of this.#instruments) {
      const more = counters[name] - told[name];
      if (more === 0) continue;
      told[name] += more;
      try {
        counter.add(more, { ...own, ...attributes });
      } catch {
        // What a meter throws is no reason for anything else to fail.
      }
    }
  }

  /** The gauge's values, those with the same attributes added up. */
  #levels(): Iterable<[MeterAttributes, number]> {
    const levels = new Map<string, [MeterAttributes, number]>();
    for (const { attributes, read } of this.#gauges) {
      const key = JSON.stringify(attributes);
      const level = levels.get(key) ?? [attributes, 0];
      level[1] += read();
      levels.set(key, level);
    }
    return levels.values();
  }
}
