import { expect, it } from 'vitest';
import { type CodeRow, createReferenceSets } from '../../src/clients/business-central/reference-sets.js';

function open(rows: CodeRow[]) {
  const asked: string[] = [];
  let now = 0;
  const sets = createReferenceSets({
    readCodes: async (set) => {
      asked.push(set);
      return [...rows];
    },
    now: () => now,
  });
  return { sets, asked, pass: (ms: number) => (now += ms) };
}

const row = (code: string, more: Partial<CodeRow> = {}): CodeRow => ({
  id: `id of ${code}`,
  code,
  name: code,
  ...more,
});
const HOUR = 3_600_000;

it('a set is read once an hour, however many codes are looked up', async () => {
  const { sets, asked, pass } = open([row('30D'), row('60D')]);
  expect((await sets.find('paymentTerms', '30d'))?.id).toBe('id of 30D');
  await Promise.all([sets.find('paymentTerms', '60D'), sets.codes('paymentTerms')]);
  expect(asked).toEqual(['paymentTerms']);
  pass(HOUR);
  await sets.find('paymentTerms', '30D');
  expect(asked).toEqual(['paymentTerms', 'paymentTerms']);
});

it('a missing code that was added meanwhile is found, and a storm of missing ones asks once in five seconds', async () => {
  const rows = [row('30D')];
  const { sets, asked, pass } = open(rows);
  for (let index = 0; index < 20; index += 1) expect(await sets.find('paymentTerms', '90D')).toBeUndefined();
  expect(asked).toHaveLength(1);
  rows.push(row('90D'));
  pass(5_000);
  expect((await sets.find('paymentTerms', '90D'))?.code).toBe('90D');
  expect(asked).toHaveLength(2);
});

it('a read that failed is not kept', async () => {
  let fails = true;
  const sets = createReferenceSets({
    readCodes: async () => {
      if (fails) throw new Error('unavailable');
      return [row('30D')];
    },
  });
  await expect(sets.find('paymentTerms', '30D')).rejects.toThrow('unavailable');
  fails = false;
  expect((await sets.find('paymentTerms', '30D'))?.code).toBe('30D');
});

it('countries are found by name, variants only of their item', async () => {
  const countries = open([row('DE', { name: 'Germany' })]).sets;
  expect((await countries.find('countriesRegions', 'germany'))?.code).toBe('DE');
  const variants = open([row('RED', { itemNumber: '1000' }), row('RED', { id: 'other', itemNumber: '2000' })]).sets;
  expect((await variants.find('itemVariants', 'RED', '2000'))?.id).toBe('other');
});
