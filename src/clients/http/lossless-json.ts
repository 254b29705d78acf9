import { InternalError } from '../../deal/errors.js';

/** Numbers with a fraction or with more digits than a double holds stay text, so that money is never a float. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MAX_SAFE_INTEGER_DIGITS = 15;

/** @throws SyntaxError when the text is no JSON. */
export function parseLosslessJson(text: string): unknown {
  const quoted = text.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"')) return token;
    const isPlain = /^-?\d+$/.test(token) && token.length <= MAX_SAFE_INTEGER_DIGITS;
    return isPlain ? token : `"${token}"`;
  });
  return JSON.parse(quoted);
}

/** Writes decimals that are held as text as JSON numbers: `{"$decimal":"12.50"}` becomes `12.50`. */
export function decimalNumber(value: string): { readonly $decimal: string } {
  if (!/^-?\d+(?:\.\d+)?$/.test(value)) throw new InternalError(`expected a decimal such as 12.50, got '${value}'`);
  return { $decimal: value };
}

export function stringifyLosslessJson(value: unknown): string {
  return JSON.stringify(value).replace(/\{"\$decimal":"(-?\d+(?:\.\d+)?)"\}/g, '$1');
}
