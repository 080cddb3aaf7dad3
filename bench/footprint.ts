/**
 * What a process that saves takes of memory in the long run.
 *
 * @module
 */

import type { Footprint } from "./_footprint.ts";
import { deploy } from "./_deployment.ts";
import {
  type Measurement,
  ratioAtMost,
  type Scale,
  type Theme,
} from "./_harness.ts";

/** Runs the process, and yields what it says. */
async function* footprints(
  url: string,
  saves: number,
  actors: number,
): AsyncGenerator<Footprint> {
  // By a shell, as servers are started: that needs no further right to run.
  const script = new URL("./_footprint.ts", import.meta.url).pathname;
  const child = new Deno.Command("/bin/sh", {
    args: [
      "-c",
      'exec "$@"',
      "sh",
      Deno.execPath(),
      "run",
      "-q",
      "-P=examples",
      "--v8-flags=--expose-gc",
      script,
      url,
      String(saves),
      String(actors),
    ],
    stdout: "piped",
  }).spawn();
  let rest = "";
  for await (
    const text of child.stdout.pipeThrough(new TextDecoderStream())
  ) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
  const { code } = await child.status;
  if (code !== 0) throw new Error(`The process that saves ended with ${code}`);
}

/** A million saves over a hundred thousand actors, in a process of its own. */
function millionSaves(scale: Scale): Measurement {
  const saves = scale.pick(100_000, 1_000_000);
  const actors = saves / 10;
  const text = (count: number) => count.toLocaleString("en-US");
  const heap = `heap after ${text(saves)} saves, ${text(actors)} actors`;
  const rss = `process after ${text(saves)} saves, ${text(actors)} actors`;
  return {
    rows: [rss, heap],
    async run(bench) {
      const { url } = await deploy(bench, "one server");
      const all: Footprint[] = [];
      for await (const footprint of footprints(url, saves, actors)) {
        all.push(footprint);
        bench.progress(`${footprint.saves} of ${saves}`);
      }
      // By then every actor is known and has a predecessor or two.
      const [early, late] = [all[2]!, all.at(-1)!];
      for (const [name, key] of [[rss, "rss"], [heap, "heap"]] as const) {
        bench.row({
          name,
          unit: "MB",
          figure: late[key] / 1e6,
          reference: {
            name: `after ${text(early.saves)}`,
            figure: early[key] / 1e6,
          },
          targets: key === "rss" ? [ratioAtMost(1.25)] : undefined,
          note: "default cache of 100,000 actors; in MB after each tenth: " +
            all.map((one) => Math.round(one[key] / 1e6)).join(", "),
        });
      }
    },
  };
}

/** Memory of a process. */
export function footprint(scale: Scale): Theme {
  return { name: "footprint", measurements: [millionSaves(scale)] };
}
