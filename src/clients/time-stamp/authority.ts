import { randomBytes } from 'node:crypto';
import { Integer, Null, OctetString } from 'asn1js';
import { AlgorithmIdentifier, MessageImprint, TimeStampReq, TimeStampResp } from 'pkijs';
import { request } from 'undici';
import { parseCertificates } from './certificates.js';
import { TimeStampError } from './error.js';
import { checkToken, SHA_256 } from './token.js';

/** A time-stamping authority over HTTP (RFC 3161): it signs that it saw a hash at a time. */

export interface TimeStampOptions {
  readonly url: string;
  /** PEM, one or more: the certificate of the authority, or of a CA above it. */
  readonly certificates: string;
  readonly timeoutMs: number;
}

export interface TimeStampAuthority {
  /** A token that was checked. @throws TimeStampError */
  stamp(digest: Buffer): Promise<Buffer>;
  /** When the digest was stamped. @throws TimeStampError */
  check(token: Buffer, digest: Buffer): Date;
}

const ASKED = 'ask for a time stamp';
const NONCE_BYTES = 8;
/** A token with the certificates of a long chain has some ten thousand. */
const MAX_BYTES = 262_144;
/** `granted`, and `grantedWithMods`. */
const GRANTED: ReadonlySet<number> = new Set([0, 1]);

export function createTimeStampAuthority({ url, certificates, timeoutMs }: TimeStampOptions): TimeStampAuthority {
  const trusted = parseCertificates(certificates);
  return {
    async stamp(digest) {
      // Without a zero or a sign in front DER has only one way to write it.
      const nonce = randomBytes(NONCE_BYTES);
      nonce.writeUInt8((nonce.readUInt8(0) & 0x3f) | 0x40, 0);
      const answer = await post(url, toRequest(digest, nonce), timeoutMs);
      const token = readToken(answer);
      checkToken(token, { digest, nonce: nonce.readBigUInt64BE() }, trusted);
      return token;
    },
    check: (token, digest) => checkToken(token, { digest }, trusted),
  };
}

function toRequest(digest: Buffer, nonce: Buffer): Buffer {
  const query = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA_256, algorithmParams: new Null() }),
      hashedMessage: new OctetString({ valueHex: Uint8Array.from(digest) }),
    }),
    nonce: new Integer({ valueHex: Uint8Array.from(nonce) }),
    // With its certificate the token is proved without asking anybody.
    certReq: true,
  });
  return Buffer.from(query.toSchema().toBER(false));
}

async function post(url: string, body: Buffer, timeoutMs: number): Promise<Buffer> {
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw new TimeStampError(ASKED, `the answer has more than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    const { statusCode: status } = answer;
    if (status !== 200) throw new TimeStampError(ASKED, String(status));
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof TimeStampError) throw error;
    throw new TimeStampError(ASKED, codeOf(error));
  }
}

function readToken(answer: Buffer): Buffer {
  const { status, timeStampToken } = parseAnswer(answer);
  if (!GRANTED.has(status.status) || !timeStampToken) {
    throw new TimeStampError(ASKED, `refused with status ${status.status}`);
  }
  return Buffer.from(timeStampToken.toSchema().toBER(false));
}

function parseAnswer(answer: Buffer): TimeStampResp {
  try {
    return TimeStampResp.fromBER(Uint8Array.from(answer));
  } catch {
    throw new TimeStampError(ASKED, 'the answer is no time stamp');
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no answer';
}
