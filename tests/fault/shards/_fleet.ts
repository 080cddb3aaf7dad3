/**
 * Members in processes of their own, and what they write down.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ShardManagerOptions } from "../../../cluster/mod.ts";
import { waitFor } from "../../support/conditions.ts";
import { ReportingProcess } from "../../support/reporting_process.ts";
import { Stalls } from "../../support/stalls.ts";
import { Tenures } from "../../support/tenures.ts";
import type { MemberOptions } from "./member.ts";

const SCRIPT = new URL("member.ts", import.meta.url);

/** A time in which a shard had no owner, in milliseconds since 1970. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** What a fleet does with what its members write down. */
interface MemberListener {
  owns(member: Member, time: number): void;
  held(from: number, to: number): void;
}

/** A process that owns shards. */
export class Member extends ReportingProcess {
  /** What it is called. */
  readonly node: string;
  /** The server that it is connected to. */
  server = "";
  /** Whether it leads the map. */
  leads = false;
  isReady = false;
  /** What it owned when it last said so, by shard its epoch. */
  owned: ReadonlyMap<number, number> = new Map();
  /** All members, the first of whom lead or stand by. */
  members: readonly string[] = [];

  /** Starts it. */
  constructor(
    node: string,
    options: MemberOptions,
    { owns, held }: MemberListener,
  ) {
    super(SCRIPT, options, (word, values) => {
      const [first = "", second] = values;
      if (word === "ready") this.isReady = true;
      if (word === "server") this.server = first;
      if (word === "leads") this.leads = first === "true";
      if (word === "members") this.members = first.split(",");
      if (word === "held") held(Number(first), Number(second));
      if (word === "error") console.error(`${node}: ${values.join(" ")}`);
      if (word !== "owns") return;
      if (second !== undefined) this.owned = readOwned(second);
      owns(this, Number(first));
    });
    this.node = node;
  }

  /** As of a {@linkcode ReportingProcess}; it owns nothing any more. */
  override async ended(): Promise<void> {
    await super.ended();
    this.owned = new Map();
    this.leads = false;
  }
}

function readOwned(text: string): ReadonlyMap<number, number> {
  if (text === "-") return new Map();
  return new Map(
    text.split(",").map((each) => {
      const [shard, epoch] = each.split(":").map(Number);
      return [shard!, epoch!] as const;
    }),
  );
}

/** The members of one cluster. Disposing kills them. */
export class Fleet implements AsyncDisposable {
  readonly members: Member[] = [];
  readonly #options: ShardManagerOptions & { shards: number };
  /** By shard. */
  readonly #tenures: Tenures[];
  /** When one of them was held up. */
  readonly stalls: Stalls = new Stalls();
  /** How often a shard was owned, all together. */
  admissions = 0;

  /** @param options What all of them join with. */
  constructor(options: ShardManagerOptions & { shards: number }) {
    this.#options = options;
    this.#tenures = Array.from({ length: options.shards }, () => new Tenures());
  }

  /** How many shards there are. */
  get shards(): number {
    return this.#tenures.length;
  }

  /** Starts a member; resolves when it has settled. */
  async start(
    node: string,
    servers: readonly string[],
    appVersion = "1",
  ): Promise<Member> {
    const shards = { ...this.#options, nodeId: node, appVersion };
    const member = new Member(
      node,
      { servers, shards },
      {
        owns: (member, time) => this.#owns(member, time),
        held: (from, to) => this.stalls.note(from, to),
      },
    );
    this.members.push(member);
    await waitFor(() => member.isReady, {
      timeout: 60_000,
      message: `${node} to be ready`,
    });
    return member;
  }

  /** Those that own shards. */
  get alive(): Member[] {
    return this.members.filter(({ owned }) => owned.size > 0);
  }

  /** The member that leads the map. */
  leader(): Promise<Member> {
    return waitFor(() => this.members.find(({ leads }) => leads), {
      timeout: 60_000,
      message: "a leader",
    });
  }

  /** The leader, and the two members that stand by to lead. */
  async contenders(): Promise<Member[]> {
    const leader = await this.leader();
    const others = this.alive.filter((each) => each !== leader)
      .sort((a, b) =>
        leader.members.indexOf(a.node) - leader.members.indexOf(b.node)
      );
    return [leader, ...others.slice(0, 2)];
  }

  /**
   * Waits until every shard was owned after a time; gives the longest time
   * since then in which one had no owner.
   */
  async served(after: number, timeout = 120_000): Promise<Gap> {
    const isServed = (time: number) => () =>
      this.#tenures.every(({ last }) => last > time);
    const options = {
      timeout,
      interval: 5,
      message: "every shard to be served",
    };
    await waitFor(isServed(after), options);
    // By then all has come that was written down before.
    await waitFor(isServed(Date.now()), options);
    return this.gap(after);
  }

  /** The longest time in which a shard had no owner that it has since a time. */
  gap(after: number): Gap {
    let longest: Gap = { from: after, to: after };
    for (const [earlier, later] of this.#tenures.flatMap(pairsOf)) {
      const isLonger = later.from - earlier.to > longest.to - longest.from;
      if (later.from <= after || !isLonger) continue;
      longest = { from: earlier.to, to: later.from };
    }
    return longest;
  }

  /** How often shards have come to a member. */
  get moves(): number {
    return this.#tenures.reduce((sum, each) => sum + each.sorted().length, 0);
  }

  /** Checks that no two owned a shard at a time, and that epochs rose. */
  check(): void {
    assertEquals(this.#tenures.flatMap((each) => [...each.wrong()]), []);
  }

  /** Who owned which shard when, as lines of text. */
  describe(since: number): string {
    const lines = this.#tenures.map((tenures, shard) =>
      `${shard}: ` +
      tenures.sorted().filter(({ to }) => to > since - 1_000).map((
        { node, from, to },
      ) => `${node} ${Math.round(from - since)} to ${Math.round(to - since)}`)
        .join(", ")
    );
    return lines.join("\n");
  }

  #owns({ node, owned }: Member, time: number): void {
    for (const [shard, epoch] of owned) {
      this.admissions++;
      this.#tenures[shard]!.note(node, epoch, time);
    }
  }

  /** Kills those that are left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.members) each.signal("SIGKILL");
    await Promise.all(this.members.map((each) => each.ended()));
  }
}

function pairsOf(tenures: Tenures) {
  return [...tenures.pairs()];
}
