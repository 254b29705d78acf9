import { describe, expect, it } from 'vitest';
import { decodeUtf8 } from '../../src/deal/utf8.js';

describe('a text that somebody has saved', () => {
  it.each([
    ['in UTF-8', Buffer.from('a: Büro\nb: 東京\n'), { text: 'a: Büro\nb: 東京\n' }],
    ['with the mark of Windows', Buffer.from('\uFEFFa: 1'), { text: 'a: 1' }],
    ['empty', Buffer.alloc(0), { text: '' }],
    ['in Latin-1', Buffer.from('a: 1\nb: Büro\nc: Büro\n', 'latin1'), { brokenLine: 2 }],
    ['in Latin-1, in its last line', Buffer.from('a: 1\nb: Büro', 'latin1'), { brokenLine: 2 }],
    ['in UTF-16, as Windows calls Unicode', Buffer.from('\uFEFFa: 1\n', 'utf16le'), { brokenLine: 1 }],
  ])('%s', (_how, bytes, read) => {
    expect(decodeUtf8(bytes)).toEqual(read);
  });
});
