import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../deal/errors.js';
import { decodeUtf8 } from '../deal/utf8.js';
import { parseYamlFile } from '../operations/read-yaml-file.js';

/** Files that people name on the command line: what is wrong with one is said by the argument that named it. */

/** @param argument such as `--apply` @throws UserError */
export function readGivenFile(argument: string, file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UserError(argument, 'a file that can be read', `${file} (${codeOf(error)})`);
  }
  const read = decodeUtf8(bytes);
  if ('text' in read) return read.text;
  throw new UserError(argument, 'a file in UTF-8', `${file}, whose line ${read.brokenLine} is none`);
}

/** @throws UserError that names the line of what is no YAML; JSON is YAML as well */
export function readGivenYaml(argument: string, file: string): unknown {
  return parseYamlFile(readGivenFile(argument, file), file, 'list');
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
