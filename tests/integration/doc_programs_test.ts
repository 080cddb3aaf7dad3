/**
 * The programs of the README and of docs/ print what the pages show.
 */

import { assert, assertEquals } from "@std/assert";
import { readPage, readPages } from "../support/doc_pages.ts";
import { runDeno, runProgram } from "../support/doc_program.ts";
import { NatsServer } from "../support/nats_server.ts";
import { storePermissions } from "../support/permissions.ts";

const pages = await readPages();

/** A server with the users that the pages name. */
function startServer(): Promise<NatsServer> {
  const password = "secret";
  const permissions = storePermissions({
    namespace: "orders",
    inboxPrefix: "_INBOX_app",
    create: false,
  });
  const users = [
    { user: "everybody", password },
    { user: "app", password, permissions },
  ];
  return NatsServer.start({
    websocket: true,
    config: `authorization: ${JSON.stringify({ users })}\n` +
      "no_auth_user: everybody",
  });
}

Deno.test("the pages have only blocks that are run or compared", () => {
  for (const { path, blocks } of pages) {
    for (const { language, line, follows } of blocks) {
      assert(
        ["ts", "sh", "json", "text", "mermaid"].includes(language),
        `${path}:${line} begins a block of ${JSON.stringify(language)}`,
      );
      const isOutput = follows?.language === "ts";
      assert(
        !isOutput || language === "text" || language === "mermaid",
        `${path}:${line} is no output`,
      );
    }
    for (const program of blocks.filter(({ language }) => language === "ts")) {
      assert(
        blocks.some(({ follows }) => follows === program),
        `${path}:${program.line} begins a program without its output`,
      );
    }
  }
});

Deno.test("the programs of the pages have no type errors", async () => {
  const paths = pages.map(({ path }) => path);
  const { stderr, code } = await runDeno(["check", "--doc-only", ...paths]);
  assertEquals(code, 0, stderr);
});

for (const { path, blocks } of pages) {
  const outputs = blocks.filter(({ language, follows }) =>
    language !== "ts" && follows?.language === "ts"
  );
  if (outputs.length === 0) continue;
  Deno.test(`the programs of ${path} print what it shows`, async (t) => {
    await using server = await startServer();
    // One after the other, for some read what others have saved.
    for (const { follows: program, text, line } of outputs) {
      await t.step(`line ${program!.line}`, async () => {
        assertEquals(
          await runProgram(program!.text, server),
          { stdout: text, stderr: "", code: 0 },
          `The output in ${path}:${line} differs`,
        );
      });
    }
  });
}

Deno.test("the quickstart prints what the README shows", async () => {
  await using server = await startServer();
  const { blocks } = await readPage("README.md");
  const output = blocks.find(({ language, follows }) =>
    language === "text" && follows === undefined
  );
  for (const more of [[], ["--nats"]]) {
    const args = ["task", "--quiet", "quickstart", ...more];
    const ended = await runDeno(args, { NATS_URL: server.url });
    assertEquals(ended, { stdout: output!.text, stderr: "", code: 0 });
  }
});
