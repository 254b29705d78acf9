import type { YAMLParseError } from 'yaml';

/**
 * Files in YAML that people name. By mistake one may be a file of keys or passwords, and what is said of it stands in a log: what
 * the parser quotes of it is left out.
 */

/** The kinds of errors whose words hold a part of the file, in words that hold none. */
const WITHOUT_CONTENT: Partial<Record<YAMLParseError['code'], string>> = {
  BAD_ALIAS: 'Unresolved alias',
  BAD_DIRECTIVE: 'Unknown or misplaced directive',
  BAD_DQ_ESCAPE: 'Invalid escape sequence',
  TAG_RESOLVE_FAILED: 'Unknown tag',
};

export function describeYamlError({ code, message }: Pick<YAMLParseError, 'code' | 'message'>): string {
  const [first = ''] = message.split('\n');
  // Of a token it is said which kind was not expected, and then the token.
  return WITHOUT_CONTENT[code] ?? (code === 'UNEXPECTED_TOKEN' ? first.replace(/: .*| at line .*/, '') : first);
}
