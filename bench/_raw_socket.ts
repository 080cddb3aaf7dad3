/**
 * The fastest client there can be: a TCP socket that writes frames made
 * beforehand, the same that the store writes, and counts acknowledgements.
 *
 * @module
 */

import { ACKNOWLEDGED, type Message } from "./_messages.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const INBOX = `_INBOX.${"R".repeat(22)}.`;

const LF = 10;
const SPACE = 32;
const ZERO = 48;

/** Frames, one behind the other. */
export interface Frames {
  readonly bytes: Uint8Array;
  /**
   * Where those begin that have an acknowledgement together, one alone or all
   * of a batch, and where the last ones end.
   */
  readonly starts: Uint32Array;
}

/**
 * The frames of messages.
 *
 * @param size Messages of an atomic batch; of 1 there are none.
 */
export function framesOf(messages: readonly Message[], size = 1): Frames {
  const starts = new Uint32Array(messages.length / size + 1);
  let end = 0;
  const chunks = messages.map(({ subject, lines, payload }, i) => {
    const isLast = i % size === size - 1;
    const reply = isLast ? `${INBOX}${i.toString(36)} ` : "";
    const headers = `NATS/1.0\r\n${lines}\r\n`;
    const total = headers.length + payload.length;
    const chunk = encoder.encode(
      `HPUB ${subject} ${reply}${headers.length} ${total}\r\n` +
        `${headers}${payload}\r\n`,
    );
    end += chunk.length;
    if (isLast) starts[(i + 1) / size] = end;
    return chunk;
  });
  const bytes = new Uint8Array(end);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes, starts };
}

/** Writes frames and counts acknowledgements. */
export class RawSocket implements AsyncDisposable {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(256 * 1024);
  #used = 0;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to a server such as `nats://127.0.0.1:4222`. */
  static async connect(url: string): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    connection.setNoDelay(true);
    const socket = new RawSocket(connection);
    const options = { verbose: false, headers: true, no_responders: true };
    await socket.#write(encoder.encode(
      `CONNECT ${JSON.stringify(options)}\r\nSUB ${INBOX}* 1\r\nPING\r\n`,
    ));
    let text = "";
    while (!text.includes("PONG\r\n")) {
      const size = await connection.read(socket.#buffer);
      if (size === null) throw new Error(`The server hung up: ${text}`);
      text += decoder.decode(socket.#buffer.subarray(0, size));
    }
    return socket;
  }

  /**
   * Writes all frames, so many acknowledgements under way at most;
   * acknowledgements/s.
   */
  async rate({ bytes, starts }: Frames, inFlight: number): Promise<number> {
    const count = starts.length - 1;
    let acknowledged = 0;
    let written = 0;
    const began = performance.now();
    while (acknowledged < count) {
      const upTo = Math.min(count, acknowledged + inFlight);
      await this.#write(bytes.subarray(starts[written], starts[upTo]));
      written = upTo;
      acknowledged += await this.#read();
    }
    return count / (performance.now() - began) * 1000;
  }

  /** Reads what has come, and says how many acknowledgements it was. */
  async #read(): Promise<number> {
    const buffer = this.#buffer;
    const size = await this.#connection.read(buffer.subarray(this.#used));
    if (size === null) throw new Error("The server hung up");
    const end = this.#used + size;
    let at = 0;
    let count = 0;
    for (;;) {
      const lf = buffer.subarray(0, end).indexOf(LF, at);
      if (lf === -1) break;
      const length = buffer[at] === 77 /* MSG */ ? sizeAt(buffer, lf - 2) : -2;
      const next = lf + 1 + length + 2;
      if (next > end) break;
      if (length >= 0) {
        if (buffer[lf + 3] !== ACKNOWLEDGED) this.#refuse(at, next);
        count++;
      } else if (buffer[at] !== 80 && buffer[at] !== 73) { // PING, INFO
        this.#refuse(at, next);
      }
      at = next;
    }
    buffer.copyWithin(0, at, end);
    this.#used = end - at;
    return count;
  }

  #refuse(from: number, to: number): never {
    const text = decoder.decode(this.#buffer.subarray(from, to));
    throw new Error(`The server refused a frame: ${text}`);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    while (bytes.length > 0) {
      bytes = bytes.subarray(await this.#connection.write(bytes));
    }
  }

  /** Hangs up. */
  // deno-lint-ignore require-await -- as the interface has it
  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
  }
}

/** The number that ends at an index. */
function sizeAt(buffer: Uint8Array, last: number): number {
  let size = 0;
  for (let i = last, unit = 1; buffer[i] !== SPACE; i--, unit *= 10) {
    size += (buffer[i]! - ZERO) * unit;
  }
  return size;
}
