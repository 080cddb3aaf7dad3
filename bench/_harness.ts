/**
 * What every measurement has in common: rows, their targets, and what is
 * shared by the measurements of one theme.
 *
 * @module
 */

/** What a row should come to. Bounds are inclusive. */
export interface Target {
  /** The figure itself, or its ratio to the reference. */
  readonly of: "figure" | "ratio";
  /** The least it should be. */
  readonly atLeast?: number | undefined;
  /** The most it should be. */
  readonly atMost?: number | undefined;
}

/** That the ratio is so high or higher. */
export const ratioAtLeast = (atLeast: number): Target => ({
  of: "ratio",
  atLeast,
});

/** That the ratio is so low or lower. */
export const ratioAtMost = (atMost: number): Target => ({
  of: "ratio",
  atMost,
});

/** That the figure is so high or higher. */
export const figureAtLeast = (atLeast: number): Target => ({
  of: "figure",
  atLeast,
});

/** That the figure is so low or lower. */
export const figureAtMost = (atMost: number): Target => ({
  of: "figure",
  atMost,
});

/** What a figure is compared with. */
export interface Reference {
  readonly name: string;
  readonly figure: number;
  /** As {@linkcode Row.cpu}. */
  readonly cpu?: number | undefined;
}

/** A line of the table. */
export interface Row {
  /** The theme it belongs to. */
  readonly theme: string;
  /** What was measured. */
  readonly name: string;
  /** Of what the figure and the reference are, such as `events/s`. */
  readonly unit: string;
  /** What this library comes to. */
  readonly figure: number;
  /** What it is compared with, measured in turns with it. */
  readonly reference?: Reference | undefined;
  /** The figure divided by the reference. */
  readonly ratio?: number | undefined;
  /** What it should come to: all of these. */
  readonly targets?: readonly Target[] | undefined;
  /** Whether it does. */
  readonly met?: boolean | undefined;
  /** How many of this process's threads were busy while the figure was taken. */
  readonly cpu?: number | undefined;
  /** Worth saying beside the figures. */
  readonly note?: string | undefined;
  /** Where the row lies in a picture. */
  readonly point?: Readonly<Record<string, string | number>> | undefined;
}

/** A row as a measurement tells it. */
export type NewRow = Omit<Row, "theme" | "ratio" | "met">;

/** Something to be measured, which comes to one row or several. */
export interface Measurement {
  /** The names of all its rows. */
  readonly rows: readonly string[];
  /** Whether it runs only when a row is named or `--full` is given. */
  readonly onlyFull?: boolean | undefined;
  /** Measures, and tells {@linkcode Bench.row} of each row. */
  run(bench: Bench): Promise<void>;
}

/** Measurements that belong together. */
export interface Theme {
  readonly name: string;
  /** Whether it runs only when it is named or `--full` is given. */
  readonly onlyFull?: boolean | undefined;
  readonly measurements: readonly Measurement[];
}

/** How much is measured. */
export interface Scale {
  /** Whether the figures are for judging by, not for a quick look. */
  readonly full: boolean;
  /** The first for a quick look, else the second. */
  pick<T>(quick: T, full: T): T;
}

/** Makes a scale. */
export function scaleOf(full: boolean): Scale {
  return { full, pick: (quick, other) => full ? other : quick };
}

/** What a measurement works with. Disposing it stops what was shared. */
export class Bench implements AsyncDisposable {
  readonly scale: Scale;
  /** Tells what is being done. */
  readonly progress: (text: string) => void;
  readonly #theme: string;
  readonly #wants: (row: string) => boolean;
  readonly #print: (row: Row) => void;
  readonly #shared = new Map<string, Promise<unknown>>();
  readonly #resources = new AsyncDisposableStack();

  constructor(
    theme: string,
    scale: Scale,
    handlers: {
      wants: (row: string) => boolean;
      print: (row: Row) => void;
      progress: (text: string) => void;
    },
  ) {
    this.#theme = theme;
    this.scale = scale;
    this.#wants = handlers.wants;
    this.#print = handlers.print;
    this.progress = handlers.progress;
  }

  /** Whether a row is wanted at all. */
  wants(row: string): boolean {
    return this.#wants(row);
  }

  /** Takes a row into the table, if it is wanted. */
  row(row: NewRow): void {
    if (!this.#wants(row.name)) return;
    const { figure, reference, targets } = row;
    const ratio = reference && figure / reference.figure;
    const met = targets?.every(
      ({ of, atLeast = -Infinity, atMost = Infinity }) => {
        const value = of === "figure" ? figure : ratio ?? NaN;
        return value >= atLeast && value <= atMost;
      },
    );
    this.#print({ theme: this.#theme, ...row, ratio, met });
  }

  /** What is made once for all measurements of the theme that name it. */
  shared<T extends AsyncDisposable>(
    name: string,
    make: () => Promise<T>,
  ): Promise<T> {
    let made = this.#shared.get(name) as Promise<T> | undefined;
    if (made === undefined) {
      made = make().then((it) => this.#resources.use(it));
      this.#shared.set(name, made);
    }
    return made;
  }

  /** Stops everything that was shared. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
