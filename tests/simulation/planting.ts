/**
 * Planting bugs: sources of the cluster, changed in some places, and loaded
 * anew.
 *
 * @module
 */

/** A change of the sources. */
export interface Edit {
  /** The file, below `cluster/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Sources with a bug. Disposing removes them. */
export interface PlantedSources extends AsyncDisposable {
  /** Loads a module, by its file below `cluster/`. */
  // deno-lint-ignore no-explicit-any -- it is whatever the module exports
  load(file: string): Promise<any>;
}

const sources = new URL("../../cluster/", import.meta.url);

/**
 * Copies files and rooms of the cluster with some changes. One whose place is
 * not found any more is an error.
 */
export async function plantEdits(
  edits: readonly Edit[],
  { files, rooms }: {
    readonly files: readonly string[];
    readonly rooms: readonly string[];
  },
): Promise<PlantedSources> {
  const folder = await Deno.makeTempDir({ prefix: "aether-planted-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  const internal = new URL("../internal/", sources).href;
  const copy = async (name: string) => {
    let text = await Deno.readTextFile(new URL(name, sources));
    for (const { file, from, to } of edits) {
      if (file !== name) continue;
      if (!text.includes(from)) {
        throw new Error(`${name} does not have ${JSON.stringify(from)}`);
      }
      text = text.replace(from, () => to);
    }
    text = text.replaceAll(/"(?:\.\.\/)+internal\//g, () => `"${internal}`);
    await Deno.writeTextFile(`${folder}/${name}`, text);
  };
  try {
    await Promise.all(files.map(copy));
    for (const room of rooms) {
      await Deno.mkdir(`${folder}/${room}`);
      for await (const { name } of Deno.readDir(new URL(room, sources))) {
        await copy(`${room}/${name}`);
      }
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    load: (file) => import(`file://${folder}/${file}`),
    [Symbol.asyncDispose]: remove,
  };
}
