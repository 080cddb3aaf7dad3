/** What is done to the bytes that go one way, on all connections of a proxy. */
export class Valve {
  /** Milliseconds by which bytes come later than they were sent. */
  delay = 0;
  /** Tells of each chunk whether it is swallowed. */
  swallows: (chunk: Uint8Array) => boolean = () => false;
  /** How many bytes have been swallowed. */
  swallowed = 0;
  /** The pumps to tell when something changes. */
  readonly pumps: Set<Pump> = new Set();
  #paused = false;

  /** Whether bytes are held. */
  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    for (const pump of this.pumps) pump.notify();
  }
}

// Enough for a fast connection under a delay; beyond, the sender waits.
const MAX_HELD_BYTES = 1024 * 1024;
const CHUNK = 64 * 1024;

/** Carries bytes from one connection to another through a valve. */
export class Pump {
  readonly #from: Deno.TcpConn;
  readonly #to: Deno.TcpConn;
  readonly #valve: Valve;
  readonly #held: { due: number; bytes: Uint8Array }[] = [];
  readonly #waiting = new Set<() => void>();
  #heldBytes = 0;
  #ended = false;
  #aborted = false;

  constructor(from: Deno.TcpConn, to: Deno.TcpConn, valve: Valve) {
    this.#from = from;
    this.#to = to;
    this.#valve = valve;
  }

  /**
   * Resolves when all bytes up to the sender's end, and that end, were passed
   * on, or when it was aborted and its connections are closed. When the
   * receiver is gone, `onBroken` must do both.
   */
  async run(onBroken: () => void): Promise<void> {
    this.#valve.pumps.add(this);
    const writing = this.#write()
      .then(() => this.#aborted ? undefined : this.#to.closeWrite())
      .catch(onBroken);
    await Promise.all([this.#read(), writing]);
    this.#valve.pumps.delete(this);
  }

  /** Forgets what is held. Both connections must be closed by the caller, before or after. */
  abort(): void {
    this.#aborted = true;
    this.notify();
  }

  /** Has the pump look anew at its valve. */
  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #change(timeout?: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = timeout === undefined
        ? undefined
        : setTimeout(wake, timeout);
      this.#waiting.add(wake);
    });
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(CHUNK);
    try {
      while (!this.#aborted) {
        const count = await this.#from.read(buffer);
        if (count === null) break;
        const due = performance.now() + this.#valve.delay;
        this.#held.push({ due, bytes: buffer.slice(0, count) });
        this.#heldBytes += count;
        this.notify();
        while (this.#heldBytes > MAX_HELD_BYTES && !this.#aborted) {
          await this.#change();
        }
      }
    } catch {
      // The connection was cut, by the other side or by this one.
    }
    this.#ended = true;
    this.notify();
  }

  async #write(): Promise<void> {
    while (!this.#aborted) {
      const head = this.#held[0];
      if (head === undefined && this.#ended) return;
      if (head === undefined || this.#valve.paused) {
        await this.#change();
        continue;
      }
      const early = head.due - performance.now();
      if (early > 0) {
        await this.#change(early);
        continue;
      }
      this.#held.shift();
      this.#heldBytes -= head.bytes.length;
      this.notify();
      if (this.#valve.swallows(head.bytes)) {
        this.#valve.swallowed += head.bytes.length;
      } else {
        await writeAll(this.#to, head.bytes);
      }
    }
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await to.write(bytes.subarray(at));
  }
}
