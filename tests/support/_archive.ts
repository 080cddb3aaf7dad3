const BLOCK = 512;

/** The bytes that `data` was compressed from with gzip. */
export async function gunzip(
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([data]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A regular file of a tar archive. */
export interface ArchivedFile {
  /** Its path in the archive. */
  readonly path: string;
  /** Its content. */
  readonly content: Uint8Array<ArrayBuffer>;
}

/** The regular files of a tar archive, in its order. */
export function* untar(
  tar: Uint8Array<ArrayBuffer>,
): Generator<ArchivedFile> {
  const decoder = new TextDecoder();
  const text = (from: number, length: number): string =>
    decoder.decode(tar.subarray(from, from + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + BLOCK <= tar.length;) {
    const name = text(at, 100);
    if (name === "") return; // The empty block that ends an archive.
    const size = parseInt(text(at + 124, 12), 8);
    if (!(size >= 0)) throw new Error(`tar: bad size at ${at}`);
    const type = tar[at + 156];
    const start = at + BLOCK;
    if (type === 0 || type === "0".charCodeAt(0)) {
      if (start + size > tar.length) throw new Error("tar: cut off");
      const folder = text(at + 257, 5) === "ustar" ? text(at + 345, 155) : "";
      yield {
        path: folder === "" ? name : `${folder}/${name}`,
        content: tar.slice(start, start + size),
      };
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** The content of the first regular file called `name`, in whatever folder of a tar archive. */
export function untarFile(
  tar: Uint8Array<ArrayBuffer>,
  name: string,
): Uint8Array<ArrayBuffer> | undefined {
  for (const { path, content } of untar(tar)) {
    if (path.split("/").at(-1) === name) return content;
  }
}
