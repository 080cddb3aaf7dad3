const BLOCK = 512;

/** The bytes that `data` was compressed from with gzip. */
export async function gunzip(
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([data]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The content of the first regular file called `name`, in whatever folder of a tar archive. */
export function untarFile(
  tar: Uint8Array<ArrayBuffer>,
  name: string,
): Uint8Array<ArrayBuffer> | undefined {
  const decoder = new TextDecoder();
  const text = (from: number, length: number): string =>
    decoder.decode(tar.subarray(from, from + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + BLOCK <= tar.length;) {
    const path = text(at, 100);
    if (path === "") return undefined; // The empty block that ends an archive.
    const size = parseInt(text(at + 124, 12), 8);
    if (!(size >= 0)) throw new Error(`tar: bad size at ${at}`);
    const type = tar[at + 156];
    const start = at + BLOCK;
    const isFile = type === 0 || type === "0".charCodeAt(0);
    if (isFile && path.split("/").at(-1) === name) {
      if (start + size > tar.length) throw new Error("tar: cut off");
      return tar.slice(start, start + size);
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}
