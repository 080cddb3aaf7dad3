/**
 * A page of Chromium's, driven over its DevTools protocol.
 *
 * @module
 */

import { waitFor } from "../support/conditions.ts";
import type { Chromium } from "./_chromium.ts";

interface Reply {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A page that is open. */
export class DevToolsPage {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #sent = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
  }

  /** Opens one. */
  static async open(chromium: Chromium, url: string): Promise<DevToolsPage> {
    const port = await waitFor(() => chromium.debuggingPort(), {
      timeout: 60_000,
    });
    const response = await fetch(
      `http://127.0.0.1:${port}/json/new?${encodeURIComponent(url)}`,
      { method: "PUT" },
    );
    const { webSocketDebuggerUrl } = await response.json();
    const socket = new WebSocket(webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new DevToolsPage(socket);
  }

  /** The value of an expression, which may be a promise. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as {
      result: { value?: unknown };
      exceptionDetails?: { text: string };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return result.value;
  }

  /** What it looks like, as a PNG. */
  async screenshot(
    { width, height }: { width: number; height: number },
  ): Promise<Uint8Array> {
    const size = { width, height, deviceScaleFactor: 2, mobile: false };
    await this.#send("Emulation.setDeviceMetricsOverride", size);
    const { data } = await this.#send("Page.captureScreenshot", {}) as {
      data: string;
    };
    return Uint8Array.fromBase64(data);
  }

  #send(method: string, params: unknown): Promise<unknown> {
    const id = ++this.#sent;
    const pending = Promise.withResolvers<unknown>();
    this.#pending.set(id, pending);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return pending.promise;
  }

  #take({ id, result, error }: Reply): void {
    const pending = this.#pending.get(id!);
    this.#pending.delete(id!);
    if (error) pending?.reject(new Error(error.message));
    else pending?.resolve(result);
  }
}
