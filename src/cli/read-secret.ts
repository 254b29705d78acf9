import { RefusedError } from '../deal/errors.js';
import { GIVEN_UP } from './ask.js';

/** Takes a secret from a person or a pipe; never from the command line, which every process of the machine can read. */

export interface SecretInput extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  setRawMode?(mode: boolean): unknown;
}

/** From a prompt without echo on a terminal, else everything that stdin has, without the last line end. */
export async function readSecret(
  question: string,
  input: SecretInput = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  if (!input.isTTY) return (await readAll(input)).replace(/\r?\n$/, '');
  output.write(question);
  input.setRawMode?.(true);
  try {
    return await readLine(input);
  } finally {
    input.setRawMode?.(false);
    input.pause();
    output.write('\n');
  }
}

export async function readAll(input: SecretInput = process.stdin): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const ERASE = new Set(['\u007f', '\b']);
/** What the arrows and other keys without a character send, and the marks around what was pasted. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const KEYS = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|O.)/g;

function readLine(input: SecretInput): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const finish = (end: () => void): void => {
      input.off('data', take).off('end', leave);
      end();
    };
    const leave = (): void => finish(() => reject(new RefusedError(GIVEN_UP)));
    const take = (chunk: Buffer | string): void => {
      for (const character of chunk.toString().replace(KEYS, '')) {
        if (character === CTRL_C || (character === CTRL_D && text === '')) {
          leave();
          return;
        }
        if (character === '\r' || character === '\n' || character === CTRL_D) {
          finish(() => resolve(text));
          return;
        }
        if (character === CTRL_U) text = '';
        else if (ERASE.has(character)) text = [...text].slice(0, -1).join('');
        else if (character >= ' ') text += character;
      }
    };
    input.on('data', take).on('end', leave);
    input.resume();
  });
}
