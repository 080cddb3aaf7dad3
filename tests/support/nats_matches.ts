/**
 * NATS's own rule, token by token.
 *
 * @module
 */

/** Whether a subject is one that a pattern matches. */
export function natsMatches(pattern: string, subject: string): boolean {
  const want = pattern.split(".");
  const got = subject.split(".");
  for (let i = 0; i < want.length; i++) {
    if (i >= got.length) return false;
    if (want[i] === ">") return true;
    if (want[i] !== "*" && want[i] !== got[i]) return false;
  }
  return want.length === got.length;
}
