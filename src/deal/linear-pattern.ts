import { RE2JS, RE2JSSyntaxException } from 're2js';
import { UserError } from './errors.js';

/**
 * Regular expressions of the rules. What JavaScript itself makes of one may take longer than the world exists, cannot be
 * interrupted, and would stop every deal of the process (I13); these take a time in proportion to the text.
 */
export interface LinearPattern {
  /** The first match from there on. */
  find(text: string, from?: number): PatternMatch | undefined;
  /** A text that fits as a whole becomes this, with `$1` for the first group; any other one stays. */
  replaceWhole(text: string, by: string): string;
}

export interface PatternMatch {
  readonly start: number;
  readonly end: number;
  /** The match itself, then its groups. */
  readonly groups: readonly (string | undefined)[];
}

/** @throws UserError with what of it is not known, such as `(?=` */
export function toLinearPattern(source: string, flags = ''): LinearPattern {
  const pattern = compile(source, flags);
  return {
    find(text, from = 0) {
      if (from > text.length) return undefined;
      const matcher = pattern.matcher(text);
      if (!matcher.find(from)) return undefined;
      const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, at) => matcher.group(at) ?? undefined);
      return { start: matcher.start(), end: matcher.end(), groups };
    },
    replaceWhole(text, by) {
      const matcher = pattern.matcher(text);
      return matcher.matches() ? matcher.replaceFirst(by) : text;
    },
  };
}

function compile(source: string, flags: string): RE2JS {
  const ignoresCase = flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0;
  const isMultiline = flags.includes('m') ? RE2JS.MULTILINE : 0;
  try {
    return RE2JS.compile(RE2JS.translateRegExp(withAllSpaces(source)), ignoresCase | isMultiline);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const reason = error.message.replace('error parsing regexp: ', '');
    throw new UserError('pattern', 'a regular expression without look-ahead, look-behind and back-references', reason);
  }
}

/** What JavaScript takes for a space, and RE2 does not: `\v`, the one without a break and those of other writings. */
const MORE_SPACES = '\\x{0b}\\x{a0}\\x{feff}\\p{Z}';

function withAllSpaces(source: string): string {
  let isInClass = false;
  return source.replace(/\\.|[[\]]/gs, (part) => {
    if (part === '[') isInClass = true;
    else if (part === ']') isInClass = false;
    else if (part === '\\s') return isInClass ? `\\s${MORE_SPACES}` : `[\\s${MORE_SPACES}]`;
    else if (part === '\\S' && !isInClass) return `[^\\s${MORE_SPACES}]`;
    return part;
  });
}
