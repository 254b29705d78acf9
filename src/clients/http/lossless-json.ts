import { InternalError } from '../../deal/errors.js';

/**
 * Numbers with a fraction or with more digits than a double holds stay text, so that money is never a float. A text is matched a run
 * at a time: character by character one of some megabytes takes seconds, and a larger one more stack than there is.
 */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MAX_SAFE_INTEGER_DIGITS = 15;

/** Escaped, as both systems write them: half a character, of a text that somebody cut to a length, or U+0000. */
const MAY_BE_BROKEN = /\\u(?:0000|d[89a-f])/i;

/**
 * What PostgreSQL would refuse, with all of its page, is read as U+FFFD (I13).
 * @throws SyntaxError when the text is no JSON.
 */
export function parseLosslessJson(text: string): unknown {
  const quoted = text.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"')) return token;
    const isPlain = /^-?\d+$/.test(token) && token.length <= MAX_SAFE_INTEGER_DIGITS;
    return isPlain ? token : `"${token}"`;
  });
  return MAY_BE_BROKEN.test(text) ? JSON.parse(quoted, withoutBroken) : JSON.parse(quoted);
}

function withoutBroken(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[\p{Surrogate}\0]/gu, '\ufffd') : value;
}

/** Writes decimals that are held as text as JSON numbers: `{"$decimal":"12.50"}` becomes `12.50`. */
export function decimalNumber(value: string): { readonly $decimal: string } {
  if (!/^-?\d+(?:\.\d+)?$/.test(value)) throw new InternalError(`expected a decimal such as 12.50, got '${value}'`);
  return { $decimal: value };
}

export function stringifyLosslessJson(value: unknown): string {
  return JSON.stringify(value).replace(/\{"\$decimal":"(-?\d+(?:\.\d+)?)"\}/g, '$1');
}
