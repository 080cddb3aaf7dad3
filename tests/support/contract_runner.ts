/**
 * What a contract suite asks of the runtime it is tested on: a way to register
 * a test, and nothing else. A suite imports neither a test runner nor a
 * runtime's own API, so that it runs wherever the library does. Servers and
 * connections belong to the file that hands in the backend.
 *
 * @module
 */

/**
 * Registers a test, which fails when `body` rejects. `Deno.test` fits, and so
 * does `test` of node:test and of bun:test.
 */
export type RegisterTest = (name: string, body: () => Promise<void>) => void;
