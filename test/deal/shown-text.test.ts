import { expect, it } from 'vitest';
import { UserError } from '../../src/deal/errors.js';
import { quote } from '../../src/deal/shown-text.js';

it.each([
  ['a client secret of Entra', 'Zq_8Q~hunter2.hunter2-hunter2_hunter2abc'],
  ['one in base64', 'aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg=='],
  ['one in hexadecimal digits', '9f86d081884c7d659a2feaa0c55ad015'],
  ['a private key', '-----BEGIN PRIVATE KEY-----\nhunter2'],
  [
    'an address of Teams',
    'https://prod-12.logic.azure.com/workflows/9f86d081884c7d659a2feaa0c55ad015/paths/invoke?sig=hunter2',
  ],
  ['an address of Slack', 'https://hooks.slack.com/services/T0001/B0001/aHVudGVyMmh1bnRlcjJo'],
])('no message repeats what looks like %s', (_what, text) => {
  expect(quote(text)).toBe('a value that is not shown');
  expect(new UserError('clientId', 'a GUID', text).message).toBe(
    'clientId: expected a GUID, got a value that is not shown',
  );
});

it.each([
  'persn',
  'ORD-01002-BEE7',
  '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  '/home/Ann/dealbridge-2/rules-of-2026.yaml (ENOENT)',
  'Nordwerk Equipment GmbH',
  'http://DESK.example.com:8090/desk2',
])('a message repeats %s', (text) => {
  expect(quote(text)).toBe(`'${text}'`);
});

it('of an address a message repeats neither who signs in nor what is asked', () => {
  expect(quote('https://ann:hunter2@example.com/a?key=hunter2')).toBe("'https://…@example.com/a…'");
});
