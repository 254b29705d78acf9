import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

/** One file out of a zip. Node brings no reader of zips, and the set-up needs no package. */

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
/** The end record may carry a comment of this length. */
const MAX_COMMENT = 65_535;

/** The content of the first entry whose name fits; undefined when there is none, or the file is no zip. */
export function readZipEntry(path, pattern) {
  const zip = readFileSync(path);
  let at = findEnd(zip);
  if (at === undefined) return undefined;
  const count = zip.readUInt16LE(at + 10);
  at = zip.readUInt32LE(at + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== ENTRY) return undefined;
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    if (pattern.test(name)) return readContent(zip, at);
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return undefined;
}

function findEnd(zip) {
  const first = Math.max(0, zip.length - 22 - MAX_COMMENT);
  for (let at = zip.length - 22; at >= first; at -= 1) if (zip.readUInt32LE(at) === END) return at;
  return undefined;
}

function readContent(zip, entry) {
  const method = zip.readUInt16LE(entry + 10);
  const packed = zip.readUInt32LE(entry + 20);
  const size = zip.readUInt32LE(entry + 24);
  const local = zip.readUInt32LE(entry + 42);
  if (zip.readUInt32LE(local) !== LOCAL) return undefined;
  // The local header has lengths of its own for name and extra field.
  const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const content = zip.subarray(from, from + packed);
  const unpacked = method === STORED ? content : method === DEFLATED ? inflateRawSync(content) : undefined;
  return unpacked?.length === size ? unpacked : undefined;
}
