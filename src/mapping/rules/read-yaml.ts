import { LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import { UserError } from '../../deal/errors.js';

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

/** @throws UserError that names the line of what is no YAML; JSON is YAML as well */
export function parseYamlFile(text: string, file: string, root: 'list' | 'map'): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) throw new UserError(`${file}:${lines.linePos(error.pos[0]).line}`, `YAML (${describeYamlError(error)})`);
  const content = toContent(() => document.toJS(), file);
  const isRoot = root === 'list' ? Array.isArray(content) : isMapContent(content);
  if (content !== null && !isRoot)
    throw new UserError(file, `a ${root} in YAML, got something else, which is not shown`);
  return content;
}

function isMapContent(content: unknown): boolean {
  return typeof content === 'object' && !Array.isArray(content);
}

function toContent(read: () => unknown, file: string): unknown {
  try {
    return read();
  } catch (problem) {
    if (!(problem instanceof ReferenceError)) throw problem;
    throw new UserError(file, 'YAML (Unresolved alias, or aliases of aliases without end)');
  }
}
