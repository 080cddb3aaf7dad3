/**
 * Tries the page of examples/browser as two visitors would.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { copyExample, servePage } from "../../examples/fresh_project.ts";
import { waitFor } from "../support/conditions.ts";
import { NatsServer } from "../support/nats_server.ts";
import type { NpmProject } from "../support/npm_project.ts";
import { Chromium } from "./_chromium.ts";
import { DevToolsPage } from "./_devtools.ts";

/** What a page draws and says. */
const SEEN = `[
  [...document.querySelectorAll("text:not(.time)")].map((it) => it.textContent),
  document.getElementById("state").textContent,
]`;

/**
 * Has one page place, pay and ship an order, and sees the other draw it.
 *
 * @param picture Where a picture of the page is written, if anywhere.
 */
export async function tryBrowserExample(
  command: string,
  project: NpmProject,
  picture?: string,
): Promise<void> {
  await using server = await NatsServer.start({ websocket: true });
  await copyExample("browser", project);
  await using site = await servePage(project);
  await using chromium = await Chromium.open(command, "about:blank");
  const url = `http://127.0.0.1:${site.port}/?server=${server.wsUrl}`;
  const acting = await DevToolsPage.open(chromium, url);
  const watching = await DevToolsPage.open(chromium, url);
  const drawn: string[] = [];
  const steps = ["OrderPlaced", "ItemAdded", "OrderPaid", "OrderShipped"];
  for (const [i, name] of steps.entries()) {
    const button = `document.querySelectorAll("button")[${i}]`;
    await waitFor(() =>
      acting.evaluate(`${button}?.textContent === "${name}"`)
    );
    await acting.evaluate(`${button}.click()`);
    drawn.push(`${i + 1} ${name}`);
    for (const page of [acting, watching]) {
      await waitFor(async () => {
        const [texts] = await page.evaluate(SEEN) as [string[], string];
        return texts.length === drawn.length;
      }, { timeout: 60_000 });
    }
  }
  assertEquals(await watching.evaluate(SEEN), [
    drawn,
    'OrderShipped {"trackingNumber":"FS123456"}',
  ]);
  if (picture !== undefined) {
    const png = await watching.screenshot({ width: 860, height: 440 });
    await Deno.writeFile(picture, png);
  }
}
