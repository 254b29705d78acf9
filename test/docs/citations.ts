/** A place in docs/reference, as code and documents cite it: `reference/business-central 4.3`. */
export interface Citation {
  readonly page: string;
  readonly section: string;
  /** The numbered row of the section's table: `reference/dataverse-sales 12, trap 16`. */
  readonly row?: string;
}

export interface Citations {
  readonly cited: readonly Citation[];
  /** Pages that are named without a section. */
  readonly pages: readonly string[];
  /** Numbers without a page, which could be those of any page. */
  readonly bare: readonly string[];
}

const NUMBER = String.raw`\d+(?:\.\d+)?`;
const NUMBERS = String.raw`${NUMBER}(?:(?:, | and | to )${NUMBER}(?![\w.]*\w))*`;
// A slash, hyphen or ellipsis before it makes it a part of some path or of another word.
const PAGE = String.raw`(?<![\w/.…-])reference/([a-z]+(?:-[a-z]+)*)`;
const CITED = new RegExp(String.raw`${PAGE}(?:,? (${NUMBERS})(?:, trap (\d+))?)?`, 'g');
const BARE = new RegExp(
  String.raw`\breferences?\b,?(?: (?:sections?|traps?))? ${NUMBER}|\b(?:sections?|traps?) ${NUMBER}`,
  'gi',
);
const OWN = new RegExp(String.raw`\bsections? (${NUMBERS})`, 'gi');
const LIST_OF = new RegExp(`the numbers are sections of ${PAGE}`);
/** Titles of tests (`'4.3: …'`, `'6.2 … → …'`) and comments (`8: …` after the opening) in a file of numbers. */
const LISTED = new RegExp(String.raw`(?:['"\x60]|/\*\* )(${NUMBERS})(?::| [^'\n]*→)`, 'g');

export function readCitations(text: string): Citations {
  const joined = joinLines(text);
  const cited: Citation[] = [];
  const pages: string[] = [];
  for (const [, page = '', numbers, row] of joined.matchAll(CITED)) {
    if (numbers === undefined) pages.push(page);
    else
      for (const section of split(numbers)) cited.push(row === undefined ? { page, section } : { page, section, row });
  }
  const listed = LIST_OF.exec(joined)?.[1];
  if (listed !== undefined) {
    for (const [, numbers = ''] of text.matchAll(LISTED)) {
      for (const section of split(numbers)) cited.push({ page: listed, section });
    }
  }
  const bare = [...joined.replace(CITED, '').matchAll(BARE)].map(([words]) => words);
  return { cited, pages, bare };
}

/** A page of the reference may point at its own sections by `section 4.3`. */
export function readOwnSections(text: string): string[] {
  return [...joinLines(text).replace(CITED, '').matchAll(OWN)].flatMap(([, numbers = '']) => split(numbers));
}

const split = (numbers: string): string[] => numbers.split(/, | and | to /);

/** A citation may be wrapped, in prose and in comments of every kind. */
function joinLines(text: string): string {
  return text.replace(/\s*\n[ \t]*(?:\*(?!\/)|\/\/|--|#)?[ \t]*/g, ' ');
}
