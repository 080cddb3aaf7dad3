import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  compareVersions,
  findNatsServer,
  NatsServerNotFoundError,
} from "../../support/nats_binary.ts";
import { archive, archiveName, Releases, Sandbox, sha256 } from "./_sandbox.ts";

Deno.test("findNatsServer() takes NATS_SERVER first", async () => {
  using box = new Sandbox();
  const path = box.server("mine", "2.13.1");
  box.server("bin/nats-server", "2.15.2");
  assertEquals(
    await findNatsServer({ env: { ...box.env, NATS_SERVER: path } }),
    { path, version: "2.13.1", source: "NATS_SERVER" },
  );
});

Deno.test("findNatsServer() passes over what is too old or does not run, in order", async () => {
  using box = new Sandbox();
  const env = { ...box.env, NATS_SERVER: `${box.root}/missing` };
  box.server("bin/nats-server", "2.11.9");
  box.server("home/.cache/aether/nats-server-2.12.4", "2.12.4");
  box.server("home/.cache/aether/nats-server-2.14.10", "2.14.10");
  box.program("home/.cache/aether/nats-server-2.16.0", "exit 1");
  box.server("home/.cache/aether/nats-server-2.11.3", "2.11.3");
  const path = `${box.cache}/nats-server-2.14.10`;
  const version = "2.14.10";
  assertEquals(await findNatsServer({ env }), {
    path,
    version,
    source: "cache",
  });

  const onPath = box.server("bin/nats-server", "2.12.0");
  assertEquals(await findNatsServer({ env }), {
    path: onPath,
    version: "2.12.0",
    source: "PATH",
  });
});

Deno.test("findNatsServer() does not take a pre-release for the release", async () => {
  using box = new Sandbox();
  box.server("bin/nats-server", "2.12.0-RC.1");
  await assertRejects(
    () => findNatsServer({ env: box.env }),
    NatsServerNotFoundError,
    "does not run as nats-server",
  );
});

Deno.test("findNatsServer() keeps its cache in XDG_CACHE_HOME where that is set", async () => {
  using box = new Sandbox();
  box.folder("xdg/aether");
  const path = box.server("xdg/aether/nats-server-2.15.0", "2.15.0");
  box.server("home/.cache/aether/nats-server-2.15.1", "2.15.1");
  const env = { ...box.env, XDG_CACHE_HOME: `${box.root}/xdg` };
  assertEquals((await findNatsServer({ env })).path, path);
});

for (
  const [go, release] of [
    ["1.27.3", "2.15.2"],
    ["1.26.8", "2.15.2"],
    ["1.25", "2.14.9"],
    ["1.24.1", "2.12.15"],
  ] as const
) {
  Deno.test(`findNatsServer() has Go ${go} install ${release} into the cache`, async () => {
    using box = new Sandbox();
    box.go(go, release);
    const lines: string[] = [];
    const onProgress = (line: string): number => lines.push(line);
    const found = await findNatsServer({ env: box.env, onProgress });
    assertEquals(found, {
      path: `${box.cache}/nats-server-${release}`,
      version: release,
      source: "go install",
    });
    assertEquals(box.installs, [
      `github.com/nats-io/nats-server/v2@v${release}`,
    ]);
    assertEquals(lines.length, 1);

    const again = await findNatsServer({ env: box.env });
    assertEquals(again, { ...found, source: "cache" });
    assertEquals(box.installs.length, 1);
    assertEquals(box.cached, [`nats-server-${release}`]);
  });
}

Deno.test("findNatsServer() called many times at once installs once", async () => {
  using box = new Sandbox();
  box.go("1.26.0", "2.15.2");
  Deno.mkdirSync(`${box.cache}/new-left-by-a-killed-one`);
  const found = await Promise.all(
    Array.from({ length: 8 }, () => findNatsServer({ env: box.env })),
  );
  assertEquals(new Set(found.map(({ path }) => path)).size, 1);
  assertEquals(box.installs.length, 1);
  assertEquals(box.cached, ["nats-server-2.15.2"]);
});

Deno.test("findNatsServer() finds an exact version or the newest of a line", async () => {
  using box = new Sandbox();
  box.go("1.26.0", "2.11.17");
  box.server("bin/nats-server", "2.15.2");
  const path = box.server("home/.cache/aether/nats-server-2.11.4", "2.11.4");
  const find = (version: string): ReturnType<typeof findNatsServer> =>
    findNatsServer({ version, env: box.env });
  assertEquals((await find("2.15.2")).source, "PATH");
  assertEquals((await find("2.15.x")).source, "PATH");
  assertEquals((await find("2.11.x")).path, path);
  assertEquals((await find("2.11.17")).source, "go install");
  assertEquals((await find("2.11.x")).version, "2.11.17");
  assertEquals(box.installs, ["github.com/nats-io/nats-server/v2@v2.11.17"]);
  // What comes must be what was asked for.
  await assertRejects(
    () => find("2.10.x"),
    NatsServerNotFoundError,
    "what came says it is 2.11.17",
  );
  assertEquals(box.cached, ["nats-server-2.11.17", "nats-server-2.11.4"]);
  await assertRejects(() => find("latest"), RangeError, '"latest"');
});

Deno.test("findNatsServer() asks Go for the newest of a line", async () => {
  using box = new Sandbox();
  box.go("1.26.0", "2.11.17");
  await findNatsServer({ version: "2.11.x", env: box.env });
  assertEquals(box.installs, ["github.com/nats-io/nats-server/v2@v2.11"]);
});

Deno.test("findNatsServer() downloads a release whose checksum is right", async () => {
  using box = new Sandbox();
  const name = archiveName("2.15.2");
  const file = await archive('echo "nats-server: v2.15.2"');
  await using releases = new Releases({
    [name]: file,
    SHA256SUMS: `${"0".repeat(64)}  other.zip\n${await sha256(
      file,
    )}  ${name}\n`,
  });
  const env = { ...box.env, NATS_SERVER_RELEASES: releases.url };
  assertEquals(await findNatsServer({ env }), {
    path: `${box.cache}/nats-server-2.15.2`,
    version: "2.15.2",
    source: "release archive",
  });
  assertEquals(releases.asked, [
    "/download/v2.15.2/SHA256SUMS",
    `/download/v2.15.2/${name}`,
  ]);
  assertEquals(box.cached, ["nats-server-2.15.2"]);
});

Deno.test("findNatsServer() falls back to the release when Go is too old or fails", async () => {
  using box = new Sandbox();
  box.go("1.23.4", "2.15.2");
  const name = archiveName("2.15.2");
  const file = await archive('echo "nats-server: v2.15.2"');
  await using releases = new Releases({
    [name]: file,
    SHA256SUMS: `${await sha256(file)}  ${name}\n`,
  });
  const env = { ...box.env, NATS_SERVER_RELEASES: releases.url };
  assertEquals((await findNatsServer({ env })).source, "release archive");
});

for (
  const [what, files, message] of [
    ["a wrong checksum", (name, file) => ({
      [name]: file,
      SHA256SUMS: `${"0".repeat(64)}  ${name}\n`,
    }), "but the release lists 0000"],
    ["no checksum", (name, file) => ({
      [name]: file,
      SHA256SUMS: `${"0".repeat(64)}  ${name}.sbom\n`,
    }), "does not list"],
    ["no list of checksums", (name, file) => ({
      [name]: file,
    }), "SHA256SUMS answers 404"],
  ] satisfies [
    string,
    (
      name: string,
      file: Uint8Array<ArrayBuffer>,
    ) => Record<string, string | Uint8Array<ArrayBuffer>>,
    string,
  ][]
) {
  Deno.test(`findNatsServer() refuses a release with ${what}`, async () => {
    using box = new Sandbox();
    const ran = `${box.root}/ran`;
    const file = await archive(
      `echo ran > ${ran}; echo "nats-server: v2.15.2"`,
    );
    await using releases = new Releases(files(archiveName("2.15.2"), file));
    const env = { ...box.env, NATS_SERVER_RELEASES: releases.url };
    await assertRejects(
      () => findNatsServer({ env }),
      NatsServerNotFoundError,
      message,
    );
    assertEquals(box.cached, []);
    await assertRejects(() => Deno.stat(ran), Deno.errors.NotFound);
  });
}

Deno.test("findNatsServer() says what it tried and what to install", async () => {
  using box = new Sandbox();
  const old = box.server("bin/nats-server", "2.9.10");
  box.program("bin/go", 'echo "no network" >&2; exit 1');
  const error = await assertRejects(
    () => findNatsServer({ env: box.env }),
    NatsServerNotFoundError,
  );
  assertEquals(error.tried.length, 5);
  for (
    const part of [
      "Cannot find nats-server 2.12.0 or newer",
      "NATS_SERVER: not set",
      `PATH: ${old} is 2.9.10`,
      `cache: nothing that will do in ${box.cache}`,
      "go install: ",
      "no network",
      "release archive: cannot fetch http://127.0.0.1:1/v2.15.2/SHA256SUMS",
      "https://nats.io/download",
      "NATS_SERVER",
      "Go 1.24 or newer",
    ]
  ) assertStringIncludes(error.message, part);
});

Deno.test("findNatsServer() fails plainly where there is no folder for a cache", async () => {
  using box = new Sandbox();
  const error = await assertRejects(
    () => findNatsServer({ env: { PATH: `${box.root}/bin` } }),
    NatsServerNotFoundError,
  );
  assert(error.tried.at(-1)!.includes("neither XDG_CACHE_HOME nor HOME"));
});

Deno.test("findNatsServer() remembers what it found for this process", () => {
  const first = findNatsServer();
  assert(findNatsServer() === first);
  return first.then(() => {});
});

Deno.test("compareVersions() compares numbers, not text", () => {
  assertLess(compareVersions("2.9.10", "2.12.0"), 0);
  assertLess(compareVersions("2.12.9", "2.12.10"), 0);
  assertEquals(compareVersions("2.12", "2.12.0"), 0);
  assertLess(compareVersions("2.15.2", "3.0.0"), 0);
});
