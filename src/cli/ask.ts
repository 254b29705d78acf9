import { createInterface } from 'node:readline/promises';
import { RefusedError } from '../deal/errors.js';

/** One line of a person at a terminal. @throws RefusedError when it is left by Ctrl-C or Ctrl-D */
export async function ask(text: string, output: NodeJS.WritableStream = process.stderr): Promise<string> {
  const lines = createInterface({ input: process.stdin, output });
  // A question whose lines were closed is never answered: the process would end without a word.
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  try {
    return await lines.question(text, { signal: closed.signal });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    output.write('\n');
    throw new RefusedError(GIVEN_UP);
  } finally {
    lines.close();
  }
}

export const GIVEN_UP = 'given up, nothing was changed';
