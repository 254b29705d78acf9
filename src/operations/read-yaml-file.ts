import { LineCounter, parseDocument } from 'yaml';
import { UserError } from '../deal/errors.js';
import { describeYamlError } from '../mapping/rules/yaml-errors.js';

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
