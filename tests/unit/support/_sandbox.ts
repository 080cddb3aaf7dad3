/** Folders and an environment in which nothing is there yet. */
export class Sandbox implements Disposable {
  readonly root: string = Deno.makeTempDirSync({ prefix: "aether-binary-" });
  readonly env: Record<string, string> = {
    PATH: this.folder("bin"),
    HOME: this.folder("home"),
    // Nothing listens there: no test reaches out by mistake.
    NATS_SERVER_RELEASES: "http://127.0.0.1:1",
  };
  readonly cache: string = this.folder("home/.cache/aether");

  folder(name: string): string {
    const path = `${this.root}/${name}`;
    Deno.mkdirSync(path, { recursive: true });
    return path;
  }

  program(name: string, script: string): string {
    const path = `${this.root}/${name}`;
    Deno.writeTextFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  /** A program that says it is nats-server of a version. */
  server(name: string, version: string): string {
    return this.program(name, `echo "nats-server: v${version}"`);
  }

  /** A `go` of a version whose `install` notes what it is asked for and makes a server. */
  go(goVersion: string, made: string): void {
    this.program(
      "bin/go",
      `if [ "$1" = env ]; then echo go${goVersion}; exit; fi
       echo "$2" >> "${this.root}/installs"
       printf '#!/bin/sh\\necho "nats-server: v${made}"\\n' > "$GOBIN/nats-server"
       ${chmod} 755 "$GOBIN/nats-server"`,
    );
  }

  get installs(): string[] {
    const text = Deno.readTextFileSync(`${this.root}/installs`);
    return text.trim().split("\n");
  }

  get cached(): string[] {
    return [...Deno.readDirSync(this.cache)].map(({ name }) => name)
      .filter((name) => name !== "lock").sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

const chmod = ["/bin/chmod", "/usr/bin/chmod"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
})!;

/** A tar.gz with a folder, a README and a program in it, as releases have it. */
export async function archive(
  script: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const entry = (name: string, type: string, content: string): string => {
    const size = content.length.toString(8).padStart(11, "0");
    const head = name.padEnd(100, "\0") + "0000755\0" + "0000000\0".repeat(2) +
      `${size}\0` + "00000000000\0";
    const rest = `${type}${"\0".repeat(100)}ustar\x0000`.padEnd(
      512 - 156,
      "\0",
    );
    const sum = [...head + " ".repeat(8) + rest]
      .reduce((total, char) => total + char.charCodeAt(0), 0);
    return head + `${sum.toString(8).padStart(6, "0")}\0 ` + rest +
      content.padEnd(Math.ceil(content.length / 512) * 512, "\0");
  };
  const tar = entry("nats-server-v1/", "5", "") +
    entry("nats-server-v1/README.md", "0", "Read me. ".repeat(100)) +
    entry("nats-server-v1/nats-server", "0", `#!/bin/sh\n${script}\n`) +
    "\0".repeat(1024);
  const stream = new Blob([tar]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The SHA-256 of `data` in hex. */
export async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex();
}

/** Serves one release and notes what is asked for. */
export class Releases implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(files: Record<string, string | Uint8Array<ArrayBuffer>>) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        const { pathname } = new URL(request.url);
        this.asked.push(pathname);
        const file = files[pathname.split("/").at(-1)!];
        return file === undefined
          ? new Response("no", { status: 404 })
          : new Response(file);
      },
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/download`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

const arch = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
/** What the release calls its archive for this machine. */
export const archiveName = (version: string): string =>
  `nats-server-v${version}-${Deno.build.os}-${arch}.tar.gz`;
