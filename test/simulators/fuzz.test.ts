import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { parseFilter } from '@dealbridge/simulators/odata/filter.js';
import { ODataSyntaxError } from '@dealbridge/simulators/odata/lexer.js';
import { parsePath } from '@dealbridge/simulators/odata/path.js';
import { parseQuery } from '@dealbridge/simulators/odata/query.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';

/** Whatever is sent, the simulators answer as the catalogues say: never a crash, never a 500 of their own. */

let simulators: Simulators;
let tokens: { sales: string; bc: string };

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 6 });
  const { connection } = simulators;
  simulators.businessCentral.limits.settings.requests = 0;
  simulators.dataverse.limits.settings.requests = 0;
  tokens = {
    sales: await getToken(connection, connection.dataverseApp),
    bc: await getToken(connection, connection.businessCentralApp),
  };
});
afterAll(() => simulators.stop());

const word = fc.constantFrom(
  'accounts',
  'salesorders',
  'customers',
  'salesInvoices',
  'items',
  'name',
  'number',
  'statecode',
  '$filter',
  '$select',
  '$expand',
  '$batch',
  '$metadata',
  '$count',
  'eq',
  'and',
  'or',
  'not',
  'any',
  '(',
  ')',
  "'",
  ',',
  '/',
  ':',
  '=',
  '?',
  '&',
  '%',
  '%27',
  '5',
  'null',
  'order_details',
  'Microsoft.NAV.post',
  'WinOpportunity',
  '00000000-0000-0000-0000-000000000000',
  'companies',
  '$top',
  '-1',
  '\u00e4',
  '*',
);
const junk = fc.oneof(
  fc.array(word, { maxLength: 12 }).map((words) => words.join('')),
  fc.string({ maxLength: 40 }),
);
const method = fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS');
const body = fc.oneof(
  fc.constant(undefined),
  fc.json().map((text) => text),
  fc.string({ maxLength: 200 }),
  fc
    .dictionary(
      fc.constantFrom(
        'name',
        'number',
        'displayName',
        'customerid_account@odata.bind',
        'salesInvoiceLines',
        'order_details',
        'quantity',
        'unitPrice',
        'requests',
        'statecode',
      ),
      fc.oneof(
        fc.string(),
        fc.integer(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.array(fc.object(), { maxLength: 3 }),
      ),
    )
    .map((value) => JSON.stringify(value)),
);
const headers = fc.dictionary(
  fc.constantFrom('if-match', 'prefer', 'content-type', 'if-none-match', 'isolation', 'accept'),
  fc.constantFrom(
    '*',
    'W/"1"',
    'x',
    'odata.maxpagesize=1',
    'odata.track-changes',
    'return=representation',
    'multipart/mixed; boundary=b',
    'application/json',
    'snapshot',
    '',
  ),
);

function safePath(text: string): string {
  return [...text]
    .map((char) => (/[\x21-\x7e]/.test(char) ? char : encodeURIComponent(/^[\ud800-\udfff]$/.test(char) ? '?' : char)))
    .join('')
    .replaceAll('#', '%23');
}

describe('a fuzzed request', () => {
  const targets = [
    ['Dataverse', () => `${simulators.connection.dataverse}/api/data/v9.2/`, () => tokens.sales],
    [
      'Business Central',
      () =>
        `${simulators.connection.businessCentral}/v2.0/Production/api/v2.0/companies(${simulators.businessCentral.company.id})/`,
      () => tokens.bc,
    ],
    [
      'the root of Business Central',
      () => `${simulators.connection.businessCentral}/v2.0/Production/api/v2.0/`,
      () => tokens.bc,
    ],
  ] as const;
  for (const [name, base, token] of targets) {
    it(`${name} answers`, async () => {
      await fc.assert(
        fc.asyncProperty(method, junk, body, headers, async (verb, path, text, extra) => {
          const response = await fetch(base() + safePath(path), {
            method: verb,
            headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json', ...extra },
            ...(text !== undefined && verb !== 'GET' && { body: text }),
          });
          const answer = await response.text();
          expect(response.status, `${verb} ${path} ${text}: ${answer}`).not.toBe(500);
          if (
            response.status >= 400 &&
            response.status !== 401 &&
            answer !== '' &&
            verb !== 'OPTIONS' &&
            !answer.startsWith('--batch')
          ) {
            expect(JSON.parse(answer)).toMatchObject({
              error: { code: expect.any(String), message: expect.any(String) },
            });
          }
        }),
        { numRuns: 600 },
      );
    });
  }

  it('a body of 10 MB is read and refused in the catalogue’s words', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(10_000_000) });
    const sales = await fetch(`${targets[0][1]()}accounts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.sales}`, 'content-type': 'application/json' },
      body: large,
    });
    expect(sales.status).toBe(400);
    expect(((await sales.json()) as { error: { code: string } }).error.code).toBe('0x80044331');
    const bc = await fetch(`${targets[1][1]()}customers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.bc}`, 'content-type': 'application/json' },
      body: large.replace('name', 'displayName'),
    });
    expect(bc.status).toBe(400);
    expect(((await bc.json()) as { error: { code: string } }).error.code).toBe('Application_StringExceededLength');
  });
});

describe('the parser of OData URLs', () => {
  it('reads or refuses with a place, never anything else', () => {
    const parsers = [parseFilter, parsePath, parseQuery];
    fc.assert(
      fc.property(fc.constantFrom(...parsers), junk, (parse, text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ODataSyntaxError);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('reads back what is written', () => {
    const literal = fc.oneof(
      fc.integer().map(String),
      fc.string().map((text) => `'${text.replaceAll("'", "''")}'`),
      fc.constantFrom('true', 'false', 'null'),
    );
    const comparison = fc
      .tuple(fc.constantFrom('name', 'a/b', '_x_value'), fc.constantFrom('eq', 'ne', 'gt', 'le'), literal)
      .map((parts) => parts.join(' '));
    fc.assert(
      fc.property(
        fc.array(comparison, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(' and ', ' or '),
        (parts, glue) => {
          expect(parseFilter(parts.join(glue)).kind).toBe(parts.length === 1 ? 'compare' : 'logic');
        },
      ),
    );
  });
});
