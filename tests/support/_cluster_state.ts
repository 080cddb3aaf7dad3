import type { NatsServer } from "./nats_server.ts";

/** What a server tells of a Raft group that it is in. */
export interface GroupView {
  /** The name of the leader that it knows of. */
  readonly leader?: string;
  /** The other members, as far as it knows; only a leader knows who is current. */
  readonly replicas?: readonly {
    readonly name: string;
    readonly current?: boolean;
    readonly offline?: boolean;
  }[];
}

/** A group as one of its servers sees it. */
export interface Vote {
  readonly server: NatsServer;
  readonly view: GroupView;
}

interface Jsz {
  readonly meta_cluster?: GroupView;
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly cluster?: GroupView;
    }[];
  }[];
}

interface Routez {
  readonly routes?: readonly { readonly remote_name: string }[];
}

/** How each server that answers sees the group that keeps the list of streams. */
export async function metaVotes(
  servers: readonly NatsServer[],
): Promise<Vote[]> {
  return await votes(servers, "/jsz", ({ meta_cluster }) => meta_cluster);
}

/** How each server that answers and holds `stream`, of whatever account, sees its group. */
export async function streamVotes(
  servers: readonly NatsServer[],
  stream: string,
): Promise<Vote[]> {
  return await votes(
    servers,
    "/jsz?accounts=true&streams=true",
    ({ account_details = [] }) =>
      account_details.flatMap(({ stream_detail = [] }) => stream_detail)
        .find(({ name }) => name === stream)?.cluster,
  );
}

/** The names of the servers that each running server has a route to. */
export async function routes(
  servers: readonly NatsServer[],
): Promise<Set<string>[]> {
  return await Promise.all(servers.map(async ({ monitorUrl }) => {
    try {
      const routez = await fetchJson(`${monitorUrl}/routez`) as Routez;
      return new Set(routez.routes?.map(({ remote_name }) => remote_name));
    } catch {
      return new Set<string>(); // Starting, or just gone.
    }
  }));
}

async function votes(
  servers: readonly NatsServer[],
  path: string,
  pick: (jsz: Jsz) => GroupView | undefined,
): Promise<Vote[]> {
  const asked = servers.filter((server) => server.running);
  const answers = await Promise.all(asked.map(async (server) => {
    try {
      const jsz = await fetchJson(`${server.monitorUrl}${path}`) as Jsz;
      const view = pick(jsz);
      return view === undefined ? [] : [{ server, view }];
    } catch {
      return []; // Starting, or just gone.
    }
  }));
  return answers.flat();
}

/**
 * The leader that more than half of the group follow and that takes itself for
 * one. One that was paused takes itself for the leader for a moment yet, but
 * the others don't.
 */
export function agreedLeader(votes: readonly Vote[]): Vote | undefined {
  return votes.find(({ server, view }) => {
    if (view.leader !== server.name) return false;
    const members = (view.replicas?.length ?? 0) + 1;
    const followers = votes.filter((vote) => vote.view.leader === server.name);
    return followers.length > members / 2;
  });
}

/** Whether a leader has all others of its group at its side, up to date. */
export function allCurrent({ view }: Vote, members?: number): boolean {
  const replicas = view.replicas ?? [];
  return (members === undefined || replicas.length === members - 1) &&
    replicas.every(({ current, offline }) => current && !offline);
}

async function fetchJson(url: string): Promise<unknown> {
  // A client of its own, so that no idle connection stays behind.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 1000);
  try {
    const response = await fetch(url, { client, signal: abort.signal });
    return await response.json();
  } finally {
    clearTimeout(timer);
  }
}
