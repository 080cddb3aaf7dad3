/**
 * A meter to look into.
 *
 * @module
 */

import type {
  Counter,
  Histogram,
  Meter,
  MeterAttributes,
  ObservableGauge,
  ObservableResult,
} from "../../internal/telemetry/types.ts";

/** A meter that notes what it is told, and collects when it is asked to. */
export class FakeMeter implements Meter {
  /** The names of the instruments that were made. */
  readonly made: string[] = [];
  /** What was added to counters. */
  readonly added: [name: string, value: number, attributes: unknown][] = [];
  readonly #callbacks: ((result: ObservableResult) => void)[] = [];

  /** As {@linkcode Meter.createCounter}. */
  createCounter(name: string): Counter {
    this.made.push(name);
    return {
      add: (value: number, attributes?: MeterAttributes) => {
        this.added.push([name, value, attributes]);
      },
    };
  }

  /** As {@linkcode Meter.createHistogram}; it forgets. */
  createHistogram(name: string): Histogram {
    this.made.push(name);
    return { record: () => {} };
  }

  /** As {@linkcode Meter.createObservableGauge}. */
  createObservableGauge(name: string): ObservableGauge {
    this.made.push(name);
    return {
      addCallback: (callback: (result: ObservableResult) => void) => {
        this.#callbacks.push(callback);
      },
    };
  }

  /** The gauges, as of now. */
  collect(): [value: number, attributes: unknown][] {
    const levels: [number, unknown][] = [];
    const observe = (value: number, attributes?: MeterAttributes) => {
      levels.push([value, attributes]);
    };
    for (const callback of this.#callbacks) callback({ observe });
    return levels;
  }
}

/** A meter that fails. */
export class BrokenMeter extends FakeMeter {
  /** Throws an error that says `no meter today`. */
  override createCounter(): Counter {
    throw new Error("no meter today");
  }
}
