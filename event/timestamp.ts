/**
 * Which strings are timestamps.
 *
 * @module
 */

// Days fit their months; February 29 is looked at by itself. Go's time.Time
// takes the same: `T` and `Z` in upper case and no leap seconds.
const date =
  /(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))/;
const time = /(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?/;
const zone = /(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)/;
const rest = `T${time.source}${zone.source}$`;
const timestamp = new RegExp(`^\\d{4}-${date.source}${rest}`);
const leapDay = new RegExp(`^\\d{4}-02-29${rest}`);

/**
 * Whether a text is an RFC 3339 timestamp that Go's time.Time reads as well:
 * a real day of the years 0000 to 9999, upper-case `T` and `Z`, any fraction
 * of a second, an offset up to 23:59, no leap second.
 */
export function isTimestamp(text: string): boolean {
  if (timestamp.test(text)) return true;
  if (!leapDay.test(text)) return false;
  const year = Number(text.slice(0, 4));
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
