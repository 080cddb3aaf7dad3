/**
 * Writes the package for npm into the folder `npm`, made anew.
 *
 *     deno task pack
 *
 * @module
 */

import { packForNpm } from "./support/npm_package.ts";

const folder = "npm";
try {
  await Deno.remove(folder, { recursive: true });
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
await packForNpm(folder);
console.log(`The package for npm is in ${folder}/`);
