/**
 * Draws which event follows which in an event log, as a Mermaid diagram.
 *
 *     deno task model FILE.csv
 *     deno task model --help
 *
 * @module
 */

import { InMemoryEventStore } from "@flowmade-one/aether";
import { discoverModel, toProcessMap } from "@flowmade-one/aether/model";
import { parseArgs } from "node:util";
import type { LogEvent } from "./_event_log.ts";
import { importEventLog } from "./import_event_log.ts";

const HELP = `Usage: deno task model FILE.csv [option]...

Reads an event log, one row an event, and prints its process map as Mermaid.

  --min-count N     leaves out what follows less often   [1]
  --actor COLUMN, --type COLUMN, --time COLUMN, --user COLUMN,
  --delimiter CHAR, --encoding NAME
                    as in deno task import
  --help            this text`;

async function main(args: readonly string[]): Promise<void> {
  const text = { type: "string" } as const;
  const { positionals: [file, ...more], values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "min-count": text,
      actor: text,
      type: text,
      time: text,
      user: text,
      delimiter: text,
      encoding: text,
    },
  });
  if (file === undefined || more.length > 0) {
    throw new TypeError("Cannot draw: name one file; --help tells how");
  }
  const { "min-count": minCount = "1", delimiter, encoding, ...columns } =
    values;
  await using store = new InMemoryEventStore<LogEvent>();
  using log = await Deno.open(file);
  let bad = 0;
  await importEventLog(log.readable, store, {
    columns,
    delimiter,
    encoding,
    onBadRow: () => bad++,
  });
  const discovery = await discoverModel(store, { actorKind: () => "case" });
  console.log(toProcessMap(discovery, { minCount: Number(minCount) }));
  if (bad > 0) console.error(`${bad} rows are left out`);
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    console.log(HELP);
  } else {
    try {
      await main(Deno.args);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      Deno.exitCode = 1;
    }
  }
}
