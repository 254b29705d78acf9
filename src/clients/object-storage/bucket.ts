import { createHash } from 'node:crypto';
import { request } from 'undici';
import { DealbridgeError } from '../../deal/errors.js';
import { readTextAtMost } from '../http/read-at-most.js';
import { type SigningKey, signRequest } from './signature-v4.js';

/** A bucket of an S3-compatible storage, of which we put objects that nobody can delete, and list their names. */

export interface BucketOptions extends SigningKey {
  /** Address of the storage with the name of the bucket as its path: `https://s3.eu-central-1.amazonaws.com/trail`. */
  readonly url: string;
  readonly timeoutMs: number;
}

export interface Bucket {
  /** Locked until then for everybody, the owner of the account as well. Twice the same is two versions of one object. */
  putLocked(key: string, body: string, until: Date): Promise<void>;
  /** Names that follow this one, in their order; also of what somebody deleted, as long as a version of it is there. */
  listAfter(prefix: string, after: string): AsyncGenerator<string>;
}

/** The storage did not do what was asked; the message has its code and never a key. */
class BucketError extends DealbridgeError {
  constructor(asked: string, found: string) {
    super('bucket-refused', `${asked}: ${found}`);
  }
}

export function createBucket({ url, timeoutMs, ...key }: BucketOptions): Bucket {
  const send = async (
    asked: string,
    method: 'GET' | 'PUT',
    address: URL,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<string> => {
    const signed = signRequest({ method, url: address, headers, body }, key, new Date());
    const answer = await request(address, {
      method,
      headers: signed,
      ...(method === 'PUT' && { body }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      throw new BucketError(asked, codeOf(error));
    });
    const { statusCode: status } = answer;
    const text = await readTextAtMost(answer, MAX_ANSWER_MIB * 1024 * 1024).catch((error: unknown) => {
      throw new BucketError(asked, codeOf(error));
    });
    if (text === undefined) throw new BucketError(asked, `the answer has more than ${MAX_ANSWER_MIB} MiB`);
    if (status === 200) return text;
    throw new BucketError(asked, `${status} ${/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? ''}`.trim());
  };
  return {
    async putLocked(name, body, until) {
      await send(
        `put ${name}`,
        'PUT',
        new URL(`${url}/${name}`),
        {
          'content-type': 'application/json',
          // Whoever locks an object has to prove that it arrived whole.
          'content-md5': createHash('md5').update(body).digest('base64'),
          'x-amz-object-lock-mode': 'COMPLIANCE',
          'x-amz-object-lock-retain-until-date': until.toISOString(),
        },
        body,
      );
    },
    async *listAfter(prefix, after) {
      let found: string | undefined;
      for (let markers: Readonly<Record<string, string>> = { 'key-marker': after }; ; ) {
        const address = new URL(url);
        // Of all versions: a plain list leaves out what somebody put a delete marker before, and locked is the version behind it.
        const page = { versions: '', prefix, 'max-keys': String(PAGE), ...markers };
        for (const [name, value] of Object.entries(page)) address.searchParams.set(name, value);
        const text = await send(`list ${prefix}`, 'GET', address);
        if (!text.includes('<ListVersionsResult')) throw new BucketError(`list ${prefix}`, 'the answer is no list');
        for (const [, name] of text.matchAll(/<Version>.*?<Key>([^<]*)<\/Key>/gs)) {
          // The versions of one object follow each other.
          if (name !== undefined && name !== found) yield name;
          found = name;
        }
        if (!text.includes('<IsTruncated>true</IsTruncated>')) return;
        const key = elementOf(text, 'NextKeyMarker');
        if (key === undefined) throw new BucketError(`list ${prefix}`, 'the answer does not say where it goes on');
        const version = elementOf(text, 'NextVersionIdMarker');
        markers = { 'key-marker': key, ...(version !== undefined && { 'version-id-marker': version }) };
      }
    },
  };
}

function elementOf(text: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1];
}

const PAGE = 1_000;
/** A page of a thousand long names with their versions has about one. */
const MAX_ANSWER_MIB = 16;

function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no answer';
}
