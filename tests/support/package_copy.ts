/**
 * The package as it is published: what `publish.include` lists, with a
 * deno.json whose links are taken out.
 *
 * @module
 */

const root = new URL("../../", import.meta.url);

/** How {@linkcode writePackage} writes it. */
export interface WritePackageOptions {
  /**
   * Whether the client comes from npm in the place of JSR, for machines that
   * reach only npm.
   *
   * @default {false}
   */
  npm?: boolean;
}

/** Writes the package into a folder. */
export async function writePackage(
  folder: string,
  { npm = false }: WritePackageOptions = {},
): Promise<void> {
  const { links: _, ...config } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  for (const path of config.publish.include as string[]) {
    await copy(path, folder);
  }
  const json = JSON.stringify(config, null, 2);
  await Deno.writeTextFile(
    `${folder}/deno.json`,
    npm ? json.replaceAll(/jsr:(@nats-io\/[^@]+)@\^/g, "npm:$1@") : json,
  );
}

/** Copies a file, or a folder whose name ends with a slash. */
async function copy(path: string, folder: string): Promise<void> {
  if (!path.endsWith("/")) {
    const parent = path.slice(0, path.lastIndexOf("/") + 1);
    await Deno.mkdir(`${folder}/${parent}`, { recursive: true });
    await Deno.copyFile(new URL(path, root), `${folder}/${path}`);
    return;
  }
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(path, root))
  ) {
    await copy(`${path}${name}${isDirectory ? "/" : ""}`, folder);
  }
}
