import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBucket } from '../../src/clients/object-storage/bucket.js';
import { signRequest } from '../../src/clients/object-storage/signature-v4.js';
import { BUCKET_KEY, startBucket } from '../support/bucket.js';

describe('the signature of a request to a bucket', () => {
  it('is that of the examples of Amazon', () => {
    const key = {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      region: 'us-east-1',
    };
    const sign = (path: string, headers: Record<string, string> = {}) =>
      signRequest(
        { method: 'GET', url: new URL(`https://examplebucket.s3.amazonaws.com/${path}`), headers, body: '' },
        key,
        new Date('2013-05-24T00:00:00Z'),
      )['authorization'];
    expect(sign('test.txt', { range: 'bytes=0-9' })).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
    expect(sign('?max-keys=2&prefix=J')).toMatch(
      /Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/,
    );
  });
});

describe('a bucket', () => {
  let storage: Awaited<ReturnType<typeof startBucket>>;
  beforeAll(async () => {
    storage = await startBucket({ pageSize: 3 });
  });
  afterAll(() => storage.stop());
  beforeEach(() => {
    storage.objects.clear();
    storage.deleted.clear();
    storage.setDown(false);
  });
  const open = (changes: Partial<typeof BUCKET_KEY & { url: string }> = {}) =>
    createBucket({ ...BUCKET_KEY, url: storage.url, timeoutMs: 5_000, ...changes });
  const tomorrow = () => new Date(Date.now() + 86_400_000);
  const list = async (bucket: ReturnType<typeof open>, after = ''): Promise<string[]> => {
    const names: string[] = [];
    for await (const name of bucket.listAfter('seal-', after)) names.push(name);
    return names;
  };

  it('takes objects that are locked until then', async () => {
    const until = tomorrow();
    await open().putLocked('seal-1', '{"text":"Zoë"}\n', until);
    expect(storage.objects.get('seal-1')).toEqual({ body: '{"text":"Zoë"}\n', lockedUntil: until.toISOString() });
  });

  it('lists names over pages, after one and with a prefix', async () => {
    for (const name of ['other', ...[1, 2, 3, 4, 5, 6, 7].map((number) => `seal-${number}`)]) {
      await open().putLocked(name, 'x', tomorrow());
    }
    expect(await list(open())).toEqual([1, 2, 3, 4, 5, 6, 7].map((number) => `seal-${number}`));
    expect(await list(open(), 'seal-5')).toEqual(['seal-6', 'seal-7']);
    expect(await list(open(), 'seal-7')).toEqual([]);
  });

  it('lists what somebody deleted as well, also where a page ends between its marker and its version', async () => {
    for (const name of ['seal-1', 'seal-2', 'seal-3']) await open().putLocked(name, 'x', tomorrow());
    for (const name of ['seal-1', 'seal-2', 'seal-3']) storage.deleted.add(name);
    expect(await list(open())).toEqual(['seal-1', 'seal-2', 'seal-3']);
  });

  it('that refuses is named with its code, and without the key', async () => {
    const refused = async (bucket: ReturnType<typeof open>): Promise<string> =>
      bucket.putLocked('seal-1', 'x', tomorrow()).then(
        () => 'taken',
        (error: Error) => error.message,
      );
    expect(await refused(open({ secretAccessKey: 'another' }))).toBe('put seal-1: 403 SignatureDoesNotMatch');
    expect(await refused(open({ url: storage.url.replace('trail', 'none') }))).toBe('put seal-1: 404 NoSuchBucket');
    storage.setDown(true);
    expect(await refused(open())).toBe('put seal-1: 503 SlowDown');
    expect(await refused(open({ url: 'http://127.0.0.1:1/trail' }))).toBe('put seal-1: ECONNREFUSED');
  });
});
