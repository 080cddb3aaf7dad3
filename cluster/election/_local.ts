/**
 * Elections within one process.
 *
 * @module
 */

import { LocalRegister } from "../lease/local_register.ts";
import type { OpenLink } from "./_link.ts";

/** What is elected for in this process, by cluster and name. */
const registers = new Map<string, LocalRegister>();

/** The register that all elections of a cluster and name share. */
export function localRegister(
  { cluster, name }: { cluster: string; name: string },
): OpenLink {
  const key = JSON.stringify([cluster, name]);
  let register = registers.get(key);
  if (register === undefined) {
    registers.set(key, register = new LocalRegister());
  }
  return ({ changed }) => {
    const stop = register.listen(changed);
    return {
      register,
      isNew: true,
      publish: () => {},
      note: () => {},
      close: () => {
        stop();
        return Promise.resolve();
      },
    };
  };
}
