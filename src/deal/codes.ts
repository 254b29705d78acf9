/**
 * Numbers and codes as Business Central stores and compares them: its Code fields are trimmed and in upper case
 * (reference/business-central 2.0). Every comparison of numbers goes through here, so that the two sides cannot disagree
 * about which row a number means.
 */
export function toCode(text: string): string {
  return text.trim().replaceAll(/\p{L}/gu, toUpperLetter);
}

export function isSameCode(left: string, right: string): boolean {
  return toCode(left) === toCode(right);
}

/** Letter by letter: a word with ß keeps its length there, and must not become the same as one with SS. */
function toUpperLetter(letter: string): string {
  const upper = letter.toUpperCase();
  return upper.length === letter.length ? upper : letter;
}
