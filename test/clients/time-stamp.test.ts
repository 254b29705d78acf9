import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTimeStampAuthority } from '../../src/clients/time-stamp/authority.js';
import { startTimeStampAuthority, type TestAuthority } from '../support/time-stamp-authority.js';

let rsa: TestAuthority;
let ec: TestAuthority;
beforeAll(async () => {
  [rsa, ec] = await Promise.all([startTimeStampAuthority('rsa'), startTimeStampAuthority('ec')]);
});
afterAll(async () => {
  await Promise.all([rsa?.stop(), ec?.stop()]);
});

const open = (authority: TestAuthority, certificates = authority.certificates.ca) =>
  createTimeStampAuthority({ url: authority.url, certificates, timeoutMs: 10_000 });
const newDigest = () => createHash('sha256').update(randomBytes(16)).digest();

describe('a time stamp', () => {
  it.each(['rsa', 'ec'] as const)(
    'signed by %s proves its hash and its time, by the CA or by its own certificate',
    async (key) => {
      const authority = key === 'rsa' ? rsa : ec;
      const digest = newDigest();
      const began = Date.now();
      const token = await open(authority).stamp(digest);
      const at = open(authority, authority.certificates.own).check(token, digest).getTime();
      // Whole seconds.
      expect(at).toBeGreaterThan(began - 2_000);
      expect(at).toBeLessThanOrEqual(Date.now());
      const both = `${rsa.certificates.ca}\n${ec.certificates.ca}`;
      expect(open(authority, both).check(token, digest).getTime()).toBe(at);
    },
  );

  it('of another hash, of another authority, or that was altered anywhere proves nothing', async () => {
    const digest = newDigest();
    const token = await open(rsa).stamp(digest);
    expect(() => open(rsa).check(token, newDigest())).toThrow('check a time stamp: it is of another content');
    expect(() => open(ec).check(token, digest)).toThrow('not one that AUDIT_TSA_CERTIFICATE_FILE vouches for');
    expect(() => open(rsa).check(Buffer.from('no token'), digest)).toThrow('it cannot be read');
    // Each byte of what is signed, of the signed attributes and of the signature; the rest is framing.
    const refused = { of: 0, accepted: [] as number[] };
    const from = token.indexOf(digest) - 40;
    for (let at = from; at < token.length; at += 7) {
      const altered = Buffer.from(token);
      altered.writeUInt8(altered.readUInt8(at) ^ 0x55, at);
      refused.of += 1;
      try {
        open(rsa).check(altered, digest);
        refused.accepted.push(at);
      } catch (error) {
        expect(error).toMatchObject({ code: 'time-stamp-refused' });
      }
    }
    expect(refused.of).toBeGreaterThan(100);
    // The issuer and serial number of the signer say again what its signed hash says.
    expect(refused.accepted.length).toBeLessThan(15);
  });
});

describe('an authority', () => {
  it('that answers with an older token, refuses, breaks or talks of something else gives no stamp', async () => {
    const digest = newDigest();
    let old: Buffer | undefined;
    rsa.answerWith((reply) => {
      old ??= reply;
      return { body: old };
    });
    await open(rsa).stamp(digest);
    await expect(open(rsa).stamp(digest)).rejects.toThrow('it answers another request');
    const answers = [
      [{ status: 503, body: Buffer.from('busy') }, 'ask for a time stamp: 503'],
      [{ body: Buffer.from('<html></html>') }, 'the answer is no time stamp'],
      // PKIStatusInfo of a rejection, without a token.
      [{ body: Buffer.from('30053003020102', 'hex') }, 'refused with status 2'],
      [{ body: Buffer.alloc(300_000) }, 'more than 262144 bytes'],
    ] as const;
    for (const [answer, said] of answers) {
      rsa.answerWith(() => answer);
      await expect(open(rsa).stamp(digest)).rejects.toThrow(said);
    }
    rsa.answerWith(undefined);
    const gone = createTimeStampAuthority({
      url: 'http://127.0.0.1:9/',
      certificates: rsa.certificates.ca,
      timeoutMs: 500,
    });
    await expect(gone.stamp(digest)).rejects.toThrow('ECONNREFUSED');
  });
});
