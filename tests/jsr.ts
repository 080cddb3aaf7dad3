/**
 * Runs the test suite on the packages of JSR, not on their stand-ins in
 * `tests/links`: in a copy of this checkout whose deno.json has no links.
 *
 *     deno task test:jsr [argument of deno test]...
 *
 * @module
 */

const root = new URL("../", import.meta.url);
const folder = await Deno.makeTempDir({ prefix: "aether-jsr-" });
try {
  for (const path of await filesOfCheckout()) {
    const parent = path.slice(0, path.lastIndexOf("/") + 1);
    await Deno.mkdir(`${folder}/${parent}`, { recursive: true });
    await Deno.copyFile(new URL(path, root), `${folder}/${path}`);
  }
  const { links: _, ...config } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
  // It holds what the links resolve to.
  await Deno.remove(`${folder}/deno.lock`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "test", ...Deno.args],
    cwd: folder,
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** The files that git tracks or would track, relative to the root. */
async function filesOfCheckout(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: root,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}
