/**
 * A Worker of Cloudflare's whose Durable Object runs the suites.
 *
 * @module
 */

import "./_disposable_stack.ts";

import { runSuites } from "./_web_runs.ts";

/** What a Worker is told to reach its Durable Objects by. */
interface Env {
  readonly SUITES: {
    getByName(name: string): { fetch(request: Request): Promise<Response> };
  };
}

/** Runs the suites: in one object, so that they share its connections. */
export class Suites {
  /** Answers with the report. */
  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const server = searchParams.get("server") ?? undefined;
    return Response.json(await runSuites(server));
  }
}

const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  fetch: (request, { SUITES }) => SUITES.getByName("one").fetch(request),
};
export default worker;
