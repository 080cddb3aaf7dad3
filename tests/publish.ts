/**
 * Publishes the package without the links of deno.json, from a copy. With
 * `--dry-run` the client comes from npm, so that no JSR is needed.
 *
 *     deno task publish [argument of deno publish]...
 *
 * @module
 */

import { writePackage } from "./support/package_copy.ts";

const folder = await Deno.makeTempDir({ prefix: "aether-package-" });
try {
  await writePackage(folder, { npm: Deno.args.includes("--dry-run") });
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", ...Deno.args],
    cwd: folder,
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}
