/**
 * Members in processes of their own, and what they write down.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ShardManagerOptions } from "../../../cluster/mod.ts";
import { SHELL } from "../../support/_tool.ts";
import { waitFor } from "../../support/conditions.ts";
import type { MemberOptions } from "./member.ts";

const SCRIPT = new URL("member.ts", import.meta.url).pathname;
const ROOT = new URL("../../../", import.meta.url).pathname;

/** How far the processes' clocks may be apart, in milliseconds. */
const SKEW = 2;

/** A time in which a process owned a shard, by the readings it compared. */
interface Tenure {
  readonly node: string;
  readonly epoch: number;
  readonly from: number;
  to: number;
}

/** A process that owns shards. */
export class Member {
  /** What it is called. */
  readonly node: string;
  /** The server that it is connected to. */
  server = "";
  /** Whether it leads the map. */
  leads = false;
  isReady = false;
  /** What it owned when it last said so, by shard its epoch. */
  owned: ReadonlyMap<number, number> = new Map();
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #isOver = false;

  /** Starts it. */
  constructor(
    node: string,
    options: MemberOptions,
    owns: (member: Member, time: number) => void,
  ) {
    this.node = node;
    this.#child = new Deno.Command(SHELL, {
      args: [
        ...["-c", 'exec "$0" "$@"', Deno.execPath()],
        ...["run", "-q", "--no-prompt", "-P=tests", SCRIPT],
        JSON.stringify(options),
      ],
      cwd: ROOT,
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read(owns);
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    if (!this.#isOver) this.#child.kill(signal);
  }

  /** Resolves when it has ended, and all it wrote down is known. */
  async ended(): Promise<void> {
    await this.#reading;
    await this.#child.status;
    this.owned = new Map();
    this.leads = false;
  }

  async #read(owns: (member: Member, time: number) => void): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(
        "\n",
      );
      rest = lines.pop()!;
      for (const line of lines) {
        const [word, first, second] = line.split(" ");
        if (word === "ready") this.isReady = true;
        if (word === "server") this.server = first!;
        if (word === "leads") this.leads = first === "true";
        if (word === "error") console.error(`${this.node}: ${line}`);
        if (word !== "owns") continue;
        if (second !== undefined) {
          this.owned = new Map(
            second === "-" ? [] : second.split(",").map((each) => {
              const [shard, epoch] = each.split(":").map(Number);
              return [shard!, epoch!] as const;
            }),
          );
        }
        owns(this, Number(first));
      }
    }
    this.#isOver = true;
  }
}

/** The members of one cluster. Disposing kills them. */
export class Fleet implements AsyncDisposable {
  readonly members: Member[] = [];
  readonly #options: ShardManagerOptions & { shards: number };
  /** By shard, in the order in which they began. */
  readonly #tenures: Map<string, Tenure>[];
  /** How often a shard was owned, all together. */
  admissions = 0;

  /** @param options What all of them join with. */
  constructor(options: ShardManagerOptions & { shards: number }) {
    this.#options = options;
    this.#tenures = Array.from({ length: options.shards }, () => new Map());
  }

  /** Starts a member; resolves when it has settled. */
  async start(node: string, servers: readonly string[]): Promise<Member> {
    const shards = { ...this.#options, nodeId: node };
    const member = new Member(
      node,
      { servers, shards },
      (member, time) => this.#owns(member, time),
    );
    this.members.push(member);
    await waitFor(() => member.isReady, {
      timeout: 60_000,
      message: `${node} to be ready`,
    });
    return member;
  }

  /** The member that leads the map. */
  leader(): Promise<Member> {
    return waitFor(() => this.members.find(({ leads }) => leads), {
      timeout: 60_000,
      message: "a leader",
    });
  }

  /** Waits until every shard was owned after a time; gives the longest gap. */
  async served(after: number, timeout = 60_000): Promise<number> {
    const last = (tenures: Map<string, Tenure>) =>
      Math.max(...[...tenures.values()].map(({ to }) => to));
    await waitFor(() => this.#tenures.every((each) => last(each) > after), {
      timeout,
      interval: 5,
      message: "every shard to be served",
    });
    return Math.max(...this.#gaps(after));
  }

  /** Checks that no two owned a shard at a time, and that epochs rose. */
  check(): void {
    const wrong: unknown[] = [];
    for (const tenures of this.#sorted()) {
      for (const [i, later] of tenures.entries()) {
        const earlier = tenures[i - 1];
        if (earlier === undefined) continue;
        const isApart = earlier.to <= later.from + SKEW;
        if (!isApart || earlier.epoch >= later.epoch) {
          wrong.push([earlier, later]);
        }
      }
    }
    assertEquals(wrong, []);
  }

  /** Who owned which shard when, as lines of text. */
  describe(since: number): string {
    const lines = this.#sorted().map((tenures, shard) =>
      `${shard}: ` + tenures.filter(({ to }) => to > since - 1_000).map((
        { node, from, to },
      ) => `${node} ${Math.round(from - since)} to ${Math.round(to - since)}`)
        .join(", ")
    );
    return lines.join("\n");
  }

  /** How long each shard had no owner, around a time and after it. */
  *#gaps(after: number): Iterable<number> {
    for (const tenures of this.#sorted()) {
      for (const [i, later] of tenures.entries()) {
        const earlier = tenures[i - 1];
        if (earlier !== undefined && later.from > after) {
          yield later.from - earlier.to;
        }
      }
    }
    yield 0;
  }

  #sorted(): Tenure[][] {
    return this.#tenures.map((tenures) =>
      [...tenures.values()].sort((a, b) => a.from - b.from)
    );
  }

  #owns({ node, owned }: Member, time: number): void {
    for (const [shard, epoch] of owned) {
      this.admissions++;
      const key = `${node} ${epoch}`;
      const tenure = this.#tenures[shard]!.get(key);
      if (tenure === undefined) {
        const began = { node, epoch, from: time, to: time };
        this.#tenures[shard]!.set(key, began);
      } else tenure.to = Math.max(tenure.to, time);
    }
  }

  /** Kills those that are left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.members) each.signal("SIGKILL");
    await Promise.all(this.members.map((each) => each.ended()));
  }
}
