import { parseLines } from "../support/history/history_log.ts";
import type { SaveCall } from "../support/history/records.ts";
import { remake } from "./_events.ts";
import type { Save } from "./_writer.ts";

/** What is under way at a time began not long before. */
const TAIL_BYTES = 16 * 1024 * 1024;

/** Saves that a killed writer had under way, as its history has them. */
export async function unfinishedSaves(path: string): Promise<Save[]> {
  const file = await Deno.open(path);
  const { size } = await file.stat();
  const start = Math.max(0, size - TAIL_BYTES);
  await file.seek(start, Deno.SeekMode.Start);
  const open = new Map<string, SaveCall>();
  for await (const record of parseLines(wholeLines(file.readable, start > 0))) {
    if (record.kind === "invoke") {
      const { op, call } = record;
      const isSave = call.name === "saveEvent" || call.name === "saveEvents";
      if (isSave) open.set(op, call);
    } else if (record.kind === "complete") open.delete(record.op);
  }
  const saves: Save[] = [];
  for (const call of open.values()) {
    const events = remake(call);
    if (events) saves.push({ events, expected: new Map(call.expected) });
  }
  return saves;
}

/** Leaves out what stands before the first line break, if that is half a line. */
function wholeLines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  isCut: boolean,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let cutting = isCut;
  return bytes.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        const at = cutting ? chunk.indexOf(10) + 1 : 0;
        if (cutting && at === 0) return;
        cutting = false;
        controller.enqueue(chunk.subarray(at));
      },
    }),
  );
}
