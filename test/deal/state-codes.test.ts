import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STATE_CODES, STATUS_CODES } from '../../src/deal/state-codes.js';

/** The lines of its table (reference/dataverse-sales 2.13): which status codes each state code has. */
function documented(): Map<string, Map<number, number[]>> {
  const page = readFileSync('docs/reference/dataverse-sales.md', 'utf8');
  const section = /### 2\.13 .*?(?=\n### )/s.exec(page)?.[0] ?? '';
  const tables = new Map<string, Map<number, number[]>>();
  for (const [, names = '', cell = ''] of section.matchAll(/^\| ([a-z, ]+) \| (.+) \|$/gm)) {
    const states = new Map(
      [...cell.matchAll(/(\d+) [^{·]+\{([^}]*)\}/g)].map(([, state, statuses = '']) => [
        Number(state),
        [...statuses.matchAll(/\d+/g)].map(Number),
      ]),
    );
    for (const name of names.split(', ')) tables.set(name, states);
  }
  return tables;
}

describe('the table of state codes', () => {
  it('says what the reference says, table by table', () => {
    const known = documented();
    for (const [table, codes] of Object.entries(STATE_CODES)) {
      if (table === 'webhookStep') continue;
      const states = [...(known.get(table)?.keys() ?? [])];
      // Nobody writes or reads the state that the vendor calls deprecated.
      const expected = table === 'invoice' ? states.filter((code) => code !== 1) : states;
      expect(Object.values(codes), table).toEqual(expected);
    }
  });

  it('pairs every status code that is written with its state code', () => {
    const known = documented();
    const { invoice, salesorder } = STATE_CODES;
    const pairs = [
      ['salesorder', salesorder.invoiced, STATUS_CODES.salesorder.invoiced],
      ['invoice', invoice.active, STATUS_CODES.invoice.billed],
      ['invoice', invoice.paid, STATUS_CODES.invoice.paid],
      ['invoice', invoice.paid, STATUS_CODES.invoice.partlyPaid],
      ['invoice', invoice.canceled, STATUS_CODES.invoice.canceled],
    ] as const;
    for (const [table, state, status] of pairs) expect(known.get(table)?.get(state), table).toContain(status);
  });

  it('is the only place in the product that writes such a code as a number', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== join('deal', 'state-codes.ts'))
      .filter((file) => /\bstat(e|us)code\b\s*([=!]==?|:|eq|ne)\s*\d/i.test(readFileSync(join('src', file), 'utf8')));
    expect(files).toEqual([]);
  });
});
