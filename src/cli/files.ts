import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { UserError } from '../deal/errors.js';

/** Files that people name on the command line: what is wrong with one is said by the argument that named it. */

/** @param argument such as `--apply` @throws UserError */
export function readGivenFile(argument: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(argument, 'a file that can be read', `${file} (${codeOf(error)})`);
  }
}

/** @throws UserError that names the line of what is no YAML; JSON is YAML as well */
export function readGivenYaml(argument: string, file: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(readGivenFile(argument, file), { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) throw new UserError(`${file}:${lines.linePos(error.pos[0]).line}`, `YAML (${error.message})`);
  try {
    return document.toJS();
  } catch (problem) {
    if (!(problem instanceof ReferenceError)) throw problem;
    throw new UserError(file, `YAML (${problem.message})`);
  }
}

/** Before the work whose result goes there: minutes of it would be lost. @throws UserError */
export function ensureWritable(argument: string, file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new UserError(argument, 'a file in a folder that is there and can be written', `${file} (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
