import { createSign, type KeyObject } from 'node:crypto';

/** The certificate under which the tenant publishes its signing key: `x5c` and `x5t` of the keys are made from it. */
export function selfSign(publicKey: KeyObject, privateKey: KeyObject, name: string, from: Date): Buffer {
  const algorithm = sequence(objectId(SHA256_WITH_RSA), element(0x05));
  const subject = sequence(element(0x31, sequence(objectId(COMMON_NAME), element(0x13, Buffer.from(name, 'latin1')))));
  const until = new Date(from);
  until.setUTCFullYear(from.getUTCFullYear() + 5);
  const content = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([1])),
    algorithm,
    subject,
    sequence(time(from), time(until)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('RSA-SHA256').update(content).sign(privateKey);
  return sequence(content, algorithm, element(0x03, Buffer.from([0]), signature));
}

/** 1.2.840.113549.1.1.11 and 2.5.4.3, as DER writes them. */
const SHA256_WITH_RSA = '2a864886f70d01010b';
const COMMON_NAME = '550403';

function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);
const objectId = (hex: string): Buffer => element(0x06, Buffer.from(hex, 'hex'));
const time = (moment: Date): Buffer =>
  element(0x18, Buffer.from(`${moment.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
