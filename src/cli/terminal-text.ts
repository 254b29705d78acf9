/** Names come from two other systems and from people: what a terminal makes of them is known before they are printed. */

/** Narrower than this is no terminal that somebody reads: one that does not know its width says 0. */
export const MIN_WIDTH = 40;

/** Escapes would move the cursor or recolour the terminal, a line break would tear a table, and a mark of direction its order. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** In one line, and without what a terminal would obey. */
export function toOneLine(text: string): string {
  return text.replace(CONTROLS, ' ');
}

/** Of one column each; a look-up by character for all of a long list would take seconds. */
const NARROW = /^[\x20-\x7e\xa1-\xac\xae-\u02ff]*$/;
/** Of two columns, as terminals show the scripts of East Asia and pictures (Unicode's East Asian Width). */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3ffff}]|\p{Emoji_Presentation}|\ufe0f/u;
const WITHOUT_WIDTH = /^[\p{M}\p{Cf}]+$/u;
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

function widthOfCharacter(character: string): number {
  if (WITHOUT_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** How many columns of a terminal the text takes. */
export function widthOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const { segment } of CHARACTERS.segment(text)) width += widthOfCharacter(segment);
  return width;
}

/** To so many columns, with an ellipsis in the last one when something is left out; no character is cut in two. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of CHARACTERS.segment(text)) {
    width += widthOfCharacter(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
