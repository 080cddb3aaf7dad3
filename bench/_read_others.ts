/**
 * Histories that another program has written, which leaves no trails.
 *
 * @module
 */

import { VersionConflictError } from "@flowmade-one/aether";
import { BareClient } from "./_bare_client.ts";
import { deploy } from "./_deployment.ts";
import { orderPlaced } from "./_events.ts";
import {
  figureAtLeast,
  figureAtMost,
  type Measurement,
  type Scale,
} from "./_harness.ts";
import { rootOf, saveHeaders, sequenceOf } from "./_savers.ts";
import { percentile, timeEach } from "./_timing.ts";

const encoder = new TextEncoder();

/** Saves one actor's events as another program would. */
class OtherWriter {
  readonly actor: string;
  version = 0;
  #sequence = 0;
  readonly #client: BareClient;
  readonly #subject: string;

  constructor(client: BareClient, namespace: string, actor: string) {
    this.actor = actor;
    this.#client = client;
    this.#subject = `${rootOf(namespace)}.${actor}`;
  }

  /**
   * Saves the next event, unless another writer was faster.
   *
   * @param checks Whether it names the sequence that it saves behind.
   */
  async save(checks: boolean): Promise<boolean> {
    const event = orderPlaced(this.actor, this.version + 1);
    const headers = saveHeaders(event.id, this.#sequence);
    if (!checks) headers.delete("Nats-Expected-Last-Subject-Sequence");
    const payload = encoder.encode(JSON.stringify(event));
    const { data } = await this.#client
      .request(this.#subject, payload, headers);
    try {
      this.#sequence = sequenceOf(data);
    } catch (error) {
      // One event of another writer, which it need not read for this.
      this.#sequence = Number(/: (\d+)/.exec(String(error))?.[1]);
      this.version++;
      return false;
    }
    this.version++;
    return true;
  }
}

/** Parts of such a history, by a store that has not read it before. */
export function ofOthers(scale: Scale): Measurement {
  const length = scale.pick(5_000, 20_000);
  const events = length.toLocaleString("en-US");
  const nameOf = (who: string) => `last 5 of ${events} by ${who}`;
  const writers = ["a writer that checks", "a writer that does not"] as const;
  return {
    rows: writers.map(nameOf),
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const store = await servers.open({ namespace, cachedActors: 1 });
      const client = new BareClient(await servers.connect());
      const forget = () => store.getLatestVersion("nobody");
      for (const [i, who] of writers.entries()) {
        const writer = new OtherWriter(client, namespace, `other-${i}`);
        for (let n = 0; n < length; n++) {
          await writer.save(i === 0);
          if (n % 1_000 === 0) bench.progress(`saving: ${n} of ${length}`);
        }
        const taken = await timeEach(scale.pick(30, 200), {
          part: {
            before: forget,
            run: () => store.getEvents(writer.actor, length - 4),
          },
          whole: { before: forget, run: () => store.getEvents(writer.actor) },
        });
        bench.row({
          name: nameOf(who),
          unit: "ms",
          figure: percentile(taken.part, 0.5),
          reference: { name: "all", figure: percentile(taken.whole, 0.5) },
          targets: [figureAtMost(5)],
        });
      }
    },
  };
}

/** How many races a store wins against a writer that never pauses. */
export function busyWriter(scale: Scale): Measurement {
  const name = "races won against another program's busy writer";
  return {
    rows: [name],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const store = await servers.open({ namespace });
      const client = new BareClient(await servers.connect());
      const writer = new OtherWriter(client, namespace, "contended");
      for (let n = 0; n < scale.pick(2_000, 20_000); n++) {
        await writer.save(true);
      }
      let isOver = false;
      const saving = (async () => {
        while (!isOver) await writer.save(true);
      })();
      bench.progress("racing");
      let [won, lost] = [0, 0];
      let version = await store.getLatestVersion(writer.actor);
      const until = performance.now() + 2_000;
      while (performance.now() < until) {
        const event = orderPlaced(writer.actor, version + 1);
        try {
          await store.saveEvent(event, { expectedVersion: version });
          [version, won] = [version + 1, won + 1];
        } catch (error) {
          if (!(error instanceof VersionConflictError)) throw error;
          [version, lost] = [error.currentVersion, lost + 1];
        }
      }
      isOver = true;
      await saving;
      bench.row({
        name,
        unit: "%",
        figure: 100 * won / (won + lost),
        targets: [figureAtLeast(10)],
        note: `${won + lost} races`,
      });
    },
  };
}
