import { assertEquals } from "@std/assert";
import { CommandLog } from "../../../decider/_command_log.ts";
import { makeEvent } from "../../support/contract/helpers.ts";

const event = (version: number, commandId?: string) =>
  makeEvent("a", version, commandId === undefined ? {} : { commandId });

Deno.test("find() gives the range of a command's events", () => {
  const log = new CommandLog(10);
  log.note(event(1));
  log.note(event(2, "x"));
  log.note(event(3, "x"));
  log.note(event(4, "y"));
  assertEquals(log.find("x"), { fromVersion: 2, toVersion: 3 });
  assertEquals(log.find("y"), { fromVersion: 4, toVersion: 4 });
  assertEquals(log.find("z"), undefined);
});

Deno.test("note() changes nothing when an event is known", () => {
  const log = new CommandLog(10);
  for (const version of [2, 3, 2, 3]) log.note(event(version, "x"));
  assertEquals(log.find("x"), { fromVersion: 2, toVersion: 3 });
});

Deno.test("note() forgets the oldest command when there are too many", () => {
  const log = new CommandLog(2);
  log.note(event(1, "x"));
  log.note(event(2, "y"));
  log.note(event(3, "x")); // seen again, it is none the younger
  log.note(event(4, "z"));
  assertEquals(
    ["x", "y", "z"].map((id) => log.find(id)?.fromVersion),
    [undefined, 2, 4],
  );
  const none = new CommandLog(0);
  none.note(event(1, "x"));
  assertEquals(none.find("x"), undefined);
});

Deno.test("a log of another's entries knows the last of them", () => {
  const log = new CommandLog(10);
  log.note(event(1, "x"));
  log.note(event(2, "y"));
  log.note(event(3, "y"));
  assertEquals(log.entries(), [["x", 1, 1], ["y", 2, 3]]);
  const smaller = new CommandLog(1, log.entries());
  assertEquals(smaller.entries(), [["y", 2, 3]]);
});
