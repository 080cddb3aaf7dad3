/**
 * Characters for the texts of properties.
 *
 * @module
 */

import fc from "fast-check";

const [FIRST_SURROGATE, SURROGATES, LAST] = [0xd800, 0x800, 0x10ffff];

/**
 * Any code point but the surrogates, for `fc.string({ unit: anyCharacter })`.
 * fast-check's own `unit: "binary"` is the same, and takes a second to make.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(LAST - SURROGATES)
  .map((n) => String.fromCodePoint(n < FIRST_SURROGATE ? n : n + SURROGATES));
