import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalNumber, parseLosslessJson, stringifyLosslessJson } from '../../src/clients/http/lossless-json.js';
import { decimal } from '../../src/clients/http/wire.js';
import { InternalError } from '../../src/deal/errors.js';

describe('JSON whose decimals are no floats', () => {
  it('keeps every digit of what no float can hold', () => {
    expect(parseLosslessJson('{"total":922337203685477.5807,"version":9007199254740993,"count":3}')).toEqual({
      total: '922337203685477.5807',
      version: '9007199254740993',
      count: 3,
    });
  });

  it('leaves numbers inside of texts alone', () => {
    expect(parseLosslessJson('{"text":"1.50 \\"and\\" 2.5"}')).toEqual({ text: '1.50 "and" 2.5' });
  });

  it('reads what no database holds as a replacement character: half a character that somebody cut, and U+0000', () => {
    expect(
      parseLosslessJson('{"text":"crane \\ud83d","other":["a\\u0000b","\\uDE00!"],"whole":"\\ud83d\\ude00"}'),
    ).toEqual({
      text: 'crane \ufffd',
      other: ['a\ufffdb', '\ufffd!'],
      whole: '\u{1f600}',
    });
  });

  it('sends decimals as numbers, digit for digit', () => {
    expect(stringifyLosslessJson({ price: decimalNumber('0.10'), text: '0.10' })).toBe('{"price":0.10,"text":"0.10"}');
  });

  it('refuses what is no decimal', () => {
    expect(() => decimalNumber('1e3')).toThrow(InternalError);
    expect(() => decimalNumber('1,50')).toThrow(InternalError);
  });

  it('reads whatever JSON wrote', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.constant(null))), (value) => {
        expect(parseLosslessJson(JSON.stringify(value))).toEqual(value);
      }),
    );
  });
});

it('texts of many megabytes are read, whatever stands in them', () => {
  const sent = { file: 'A'.repeat(20_000_000), xml: '<a b="1.50"/>\\ '.repeat(50_000) };
  expect(parseLosslessJson(JSON.stringify(sent))).toEqual(sent);
});

it('a decimal with an exponent is written out, as every body of ours has it', () => {
  expect(decimal.parse(parseLosslessJson('1.5E+3'))).toBe('1500');
  expect(decimal.parse(parseLosslessJson('1e-05'))).toBe('0.00001');
  expect(decimal.safeParse(parseLosslessJson('1e999999999')).success).toBe(false);
});
