/**
 * Links to a cluster of this process that can be cut.
 *
 * @module
 */

import type {
  LinkListener,
  OpenClusterLink,
} from "../../cluster/lease/cluster_link.ts";
import type { KeyValues } from "../../cluster/lease/key_values.ts";
import { openLocalLink } from "../../cluster/members/local_key_values.ts";
import { RequestTimeoutError } from "../../internal/nats/errors.ts";

/** A node's way to a cluster of this process, which a test can cut. */
export class CutLink {
  readonly #open: OpenClusterLink;
  #listener: LinkListener | undefined;
  #isCut = false;

  constructor(cluster: string) {
    this.#open = openLocalLink(cluster);
  }

  /** No request is answered any more. */
  cut(): void {
    this.#isCut = true;
  }

  /** Requests are answered again. */
  mend(): void {
    this.#isCut = false;
  }

  /** Nothing can be asked any more, for ever. */
  end(reason: Error): void {
    this.cut();
    this.#listener!.over(reason);
  }

  /** Opens the link. */
  readonly open: OpenClusterLink = (listener) => {
    this.#listener = listener;
    const link = this.#open(listener);
    const { keys } = link;
    const ask = <T>(request: () => Promise<T>): Promise<T> =>
      this.#isCut
        ? Promise.reject(new RequestTimeoutError("the cluster", 0))
        : request();
    const cuttable: KeyValues = {
      incarnation: keys.incarnation,
      maxBytes: keys.maxBytes,
      read: (...args) => ask(() => keys.read(...args)),
      readNewer: (...args) => ask(() => keys.readNewer(...args)),
      readSince: (...args) => ask(() => keys.readSince(...args)),
      write: (...args) => ask(() => keys.write(...args)),
    };
    return {
      ...link,
      keys: cuttable,
      note: () => {}, // a cut is no error
    };
  };
}
