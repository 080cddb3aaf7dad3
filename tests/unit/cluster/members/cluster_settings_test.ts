import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type AgreeingNode,
  agreeOnSettings,
  SETTINGS_KEY,
} from "../../../../cluster/members/cluster_settings.ts";
import { LocalKeyValues } from "../../../../cluster/members/local_key_values.ts";
import { RequestTimeoutError } from "../../../../internal/nats/errors.ts";

const node: AgreeingNode = {
  cluster: "c",
  own: { shards: 4, deployment: "" },
  writes: true,
  retry: 100,
  timeout: 60_000,
};

/** A cluster whose writes are refused so many times. */
class RefusingKeyValues extends LocalKeyValues {
  refusals: number;

  constructor(refusals: number) {
    super();
    this.refusals = refusals;
  }

  override write(
    write: Parameters<LocalKeyValues["write"]>[0],
  ): Promise<number | undefined> {
    return this.refusals-- > 0
      ? Promise.resolve(undefined)
      : super.write(write);
  }
}

Deno.test("agreeOnSettings() tries again when a write is refused", async () => {
  const keys = new RefusingKeyValues(3);
  await agreeOnSettings(keys, node);
  const { revision } = await keys.read(SETTINGS_KEY);
  assertEquals(revision, 1);
});

Deno.test("agreeOnSettings() gives up in time", async () => {
  const keys = new RefusingKeyValues(Infinity);
  await assertRejects(
    () => agreeOnSettings(keys, { ...node, timeout: 50 }),
    RequestTimeoutError,
  );
});

Deno.test("agreeOnSettings() ends when its signal is aborted", async () => {
  const keys = new RefusingKeyValues(Infinity);
  const controller = new AbortController();
  const agreeing = agreeOnSettings(keys, {
    ...node,
    signal: controller.signal,
  });
  controller.abort(new Error("stop"));
  const error = await assertRejects(() => agreeing);
  assert(error instanceof Error && error.message === "stop");
});
