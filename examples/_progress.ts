/**
 * How far a program is, for people to see.
 *
 * @module
 */

const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A number without decimals, and with commas. */
export function format(value: number): string {
  return number.format(value);
}

/**
 * A line on stderr that says how far an import is. A terminal shows it in
 * place, ten times a second at most; anything else gets a line a second.
 */
export class ProgressLine {
  readonly #size: number;
  readonly #start = performance.now();
  readonly #terminal = Deno.stderr.isTerminal();
  #shown = -Infinity;

  /** Begins now; `size` is how many bytes there are to read. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Says how many bytes are read and how many events are saved. */
  readonly show = (bytes: number, events: number): void => {
    const now = performance.now();
    if (now < this.#shown + (this.#terminal ? 100 : 1000)) return;
    this.#shown = now;
    const percent = format(100 * bytes / this.#size);
    const rate = format(1000 * events / (now - this.#start));
    const line = `${percent} % read, ${
      format(events)
    } events saved, ${rate} events/s`;
    this.#write(this.#terminal ? `\r\x1b[K${line}` : `${line}\n`);
  };

  /** Makes room for other lines. */
  readonly clear = (): void => {
    if (this.#terminal) this.#write("\r\x1b[K");
  };

  #write(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  }
}
