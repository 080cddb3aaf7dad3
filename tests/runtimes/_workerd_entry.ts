/**
 * A Worker of Cloudflare's whose Durable Object runs the suites.
 *
 * @module
 */

import "./_disposable_stack.ts";

import { runSuites } from "./_web_runs.ts";

/** What a Worker is bound to. */
interface Env {
  readonly NATS_URL: string;
  readonly SUITES: {
    getByName(name: string): { fetch(request: Request): Promise<Response> };
  };
}

/** Runs the suites: in one object, so that they share its connections. */
export class Suites {
  readonly #server: string;

  /** Made by the runtime. */
  constructor(_state: unknown, { NATS_URL }: Env) {
    this.#server = NATS_URL;
  }

  /** Answers with the report. */
  async fetch({ url }: Request): Promise<Response> {
    const withServer = new URL(url).searchParams.has("server");
    return Response.json(
      await runSuites(withServer ? this.#server : undefined),
    );
  }
}

const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  fetch: (request, { SUITES }) => SUITES.getByName("one").fetch(request),
};
export default worker;
