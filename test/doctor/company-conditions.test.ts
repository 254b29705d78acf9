import { describe, expect, it } from 'vitest';
import { examineConditions } from '../../src/doctor/company-conditions.js';
import type { DataverseAccess } from '../../src/doctor/sales.js';
import { examineColumns } from '../../src/doctor/sales-columns.js';
import { createStep } from '../../src/doctor/step.js';
import { type Config, parseRules } from '../../src/process/config.js';

const TYPES: Readonly<Record<string, string>> = {
  'account.customertypecode': 'Picklist',
  'account.new_rush': 'Boolean',
  'account.territoryid': 'Lookup',
  'account.new_region': 'String',
  'salesorder.owningbusinessunit': 'Lookup',
  'salesorder.prioritycode': 'Picklist',
};

async function examined(when: string) {
  const { companies } = parseRules(`companies: [{ company: Nord, when: ${when} }]`);
  const probe = {
    findColumn: async (table: string, column: string) => {
      const type = TYPES[`${table}.${column}`];
      return type === undefined ? undefined : { type, maxLength: undefined, isWritable: true };
    },
  };
  return (await examineConditions(probe, companies)).map(({ check, result, found }) => [check, result, found]);
}

const column = (name: string, value: string) => `{ column: { name: ${name}, value: ${value} } }`;

describe('what picks the company of a deal', () => {
  it.each([
    [
      'account.customertypecode',
      'Kunde',
      "Picklist, never 'Kunde': a choice is read as its number, in whatever language its label is",
    ],
    ['account.new_rush', '"ja"', "Boolean, never 'ja': it is read as true or false"],
    ['account._territoryid_value', 'North', "Lookup, never 'North': a lookup is read as a GUID"],
  ])('can never stand in %s: %s', async (name, value, found) => {
    const check = `Nord: ${name.replace(/_(.+)_value/, '$1')}`;
    expect(await examined(column(name, value))).toEqual([[check, 'wrong', found]]);
  });

  it('is found where it can, and says nothing of what may hold any text or is not there', async () => {
    expect(await examined(column('account.customertypecode', '3'))).toEqual([
      ['Nord: account.customertypecode', 'ok', "Picklist, may be '3'"],
    ]);
    expect(await examined(column('account.new_rush', 'true'))).toMatchObject([
      [expect.anything(), 'ok', expect.anything()],
    ]);
    expect(await examined(column('account.new_region', 'north'))).toEqual([]);
    expect(await examined(column('account.new_lost', 'north'))).toEqual([]);
    expect(await examined('{ businessUnit: 6a1e0000-0000-4000-8000-000000000001 }')).toMatchObject([
      ['Nord: salesorder.owningbusinessunit', 'ok', expect.anything()],
    ]);
  });

  it('is told among the columns of the rules', async () => {
    const rules = parseRules(`companies: [{ company: Nord, when: ${column('account.new_rush', '"ja"')} }]`);
    const findColumn = async () => ({ type: 'Boolean', maxLength: undefined, isWritable: true });
    const given = <T>(value: T) => createStep('given', {}, async () => ({ value, findings: [] }));
    const access = given({ probe: { findColumn }, userId: '' } as unknown as DataverseAccess);
    const { findings } = await examineColumns(access, given({ rules } as unknown as Config)).report();
    expect(findings).toMatchObject([
      { check: 'account.new_rush', result: 'ok' },
      { check: 'Nord: account.new_rush', result: 'wrong' },
    ]);
  });

  it('is looked at in the tables whose records have the column', async () => {
    expect(await examined(column('salesorder.prioritycode', 'Hoch'))).toMatchObject([
      ['Nord: salesorder.prioritycode', 'wrong', expect.anything()],
    ]);
  });
});
