import { describe, expect, it } from 'vitest';
import { toItemNumber } from '../../src/deal/masters.js';
import { compareMaster } from '../../src/mapping/fields/compare-masters.js';
import { findWritableColumn, followedFields, masterColumns } from '../../src/mapping/fields/master-fields.js';
import { ConfigError, parseRules } from '../../src/process/config.js';
import { knowAll } from '../support/lookups.js';

describe('the rules of masters', () => {
  it('follow what has a link, block what is gone and let Sales win, when nothing is said', () => {
    expect(parseRules('').masters).toMatchObject({
      accounts: 'linked',
      products: 'linked',
      match: 'number',
      deactivate: 'block',
      retired: 'block',
      billTo: 'self',
      contacts: false,
      renumber: false,
      wins: 'sales',
      pushPrices: false,
      createItems: false,
      quietMs: 2_000,
      driftAt: { hour: 4, minute: 0 },
    });
  });

  it('read a table and a pattern of item numbers, and the pattern takes the whole number', () => {
    const { items } = parseRules(`
masters:
  items: { eq-1: X-1 }
  itemPattern: { match: 'EQ-(\\d+)', item: 'I$1' }
`).masters;
    expect(['EQ-1', 'EQ-20', 'EQ-20-B'].map((number) => toItemNumber(number, items))).toEqual([
      'X-1',
      'I20',
      'EQ-20-B',
    ]);
  });

  for (const [what, yaml, message] of [
    ['an unknown side', 'masters: { wins: bc }', /masters\.wins: found "bc"; right: .*businessCentral/],
    [
      'a field that does not exist',
      'masters: { fields: { mail: newest } }',
      /masters\.fields\.mail.*a field such as email/,
    ],
    ['a field of another section', 'masters: { fields: { item.email: newest } }', /a field such as email/],
    ['an hour that does not exist', 'masters: { driftAt: "24:30" }', /masters\.driftAt.*a time of day/],
    [
      'a pattern that is none',
      'masters: { itemPattern: { match: "(", item: x } }',
      /masters\.itemPattern\.match.*a regular/,
    ],
    ['an unknown key', 'masters: { contact: true }', /masters\.contact: found the key 'contact'; right: contacts/],
  ] as const) {
    it(`${what} is refused by name`, () => {
      expect(() => parseRules(yaml)).toThrow(ConfigError);
      expect(() => parseRules(yaml)).toThrow(message);
    });
  }
});

describe('the fields that follow', () => {
  const { mapping } = parseRules(`
mapping:
  customer:
    phoneNumber: { column: account.telephone2 }
    email: { column: salesorder.emailaddress }
    taxAreaId: { value: EU }
    website: { expression: "'https://' & account.name" }
    salespersonCode: { column: owner.employeeid }
`);

  it('are those that columns of the row or of its owner fill', () => {
    const fields = [...followedFields('customer', mapping).keys()];
    expect(fields).toEqual(expect.arrayContaining(['displayName', 'addressLine1', 'phoneNumber', 'salespersonCode']));
    for (const name of ['number', 'email', 'taxAreaId', 'website', 'currencyCode', 'blocked', 'type']) {
      expect(fields).not.toContain(name);
    }
    expect([...followedFields('customer', mapping, { renumber: true }).keys()]).toContain('number');
    expect([...followedFields('item', mapping).keys()]).not.toContain('unitPrice');
    expect([...followedFields('item', mapping, { pushPrices: true }).keys()]).toContain('unitPrice');
  });

  it('tell which columns are read', () => {
    expect(masterColumns('customer', mapping)).toMatchObject({
      own: expect.arrayContaining(['name', 'telephone2', 'address1_country']),
      owner: ['employeeid'],
    });
    const { mapping: reading } = parseRules(
      'mapping: { read: [account.new_vat, owner.title, product.size, line.new_x] }',
    );
    expect(masterColumns('customer', reading).own).toContain('new_vat');
    expect(masterColumns('customer', reading).owner).toContain('title');
    expect(masterColumns('item', reading).own).toContain('size');
    expect(masterColumns('item', reading).own).not.toContain('new_x');
    // The currency is a row of its own, which every reading of an account brings.
    expect(masterColumns('customer', mapping).own).not.toContain('transactioncurrencyid');
  });

  it('go back to the one column that they come from, and of a joined address to the first while the third line is empty', () => {
    const fields = followedFields('customer', mapping);
    const columnOf = (name: string, row: Record<string, string>) => {
      const source = fields.get(name);
      return source && findWritableColumn(source, row);
    };
    expect(columnOf('phoneNumber', {})).toBe('telephone2');
    expect(columnOf('salespersonCode', {})).toBeUndefined();
    expect(columnOf('addressLine2', { address1_line2: 'Tor 3' })).toBe('address1_line2');
    expect(columnOf('addressLine2', { address1_line2: 'Tor 3', address1_line3: 'Halle 4' })).toBeUndefined();
  });
});

describe('the price of a product', () => {
  it.each([
    ['Box', {}, 'master-conflict'],
    ['Piece', { unitPrice: '150' }, undefined],
  ])('that is sold by the %s goes to an item that is counted in pieces as %j', async (unit, written, reason) => {
    const rules = parseRules(
      'tables: { units: { Box: BOX, Piece: PCS } }\nmasters: { products: all, pushPrices: true }',
    );
    const modifiedAt = '2026-03-01T10:00:00Z';
    const { toBusinessCentral, problems, differences } = await compareMaster(
      {
        section: 'item',
        dataverse: {
          ...{
            kind: 'product',
            rowId: 'product-1',
            revision: '1',
            modifiedAt,
            stateCode: 0,
            number: 'P1',
            name: 'Hoist',
          },
          ...{ unit, columns: { name: 'Hoist', price: '150' }, owner: {} },
          ...{ currency: undefined, mergedInto: undefined, parentId: undefined },
        },
        businessCentral: {
          ...{ id: 'item-1', etag: '1', number: 'P1', modifiedAt },
          values: { displayName: 'Hoist', baseUnitOfMeasureCode: 'PCS', unitPrice: '12', unitCost: '0' },
        },
        agreed: { unitPrice: { dataverse: '120', businessCentral: '12' } },
        blockedFrom: undefined,
      },
      { ...rules.masters, wins: 'sales' },
      rules.mapping,
      knowAll(),
    );
    const { unitPrice } = toBusinessCentral;
    expect({ ...(unitPrice !== undefined && { unitPrice }) }).toEqual(written);
    expect(problems[0]?.reason).toBe(reason);
    expect(differences.map(({ field }) => field)).toContain('unitPrice');
  });
});

describe('a value of Sales without a code', () => {
  it('that is left to Business Central erases nothing there', async () => {
    const rules = parseRules(`
tables: { paymentTerms: { 1: 30D } }
mapping:
  customer:
    paymentTermsId: { column: account.paymenttermscode, table: paymentTerms, unknown: leave }
    shipmentMethodId: { column: account.address1_freighttermscode, unknown: leave }
`);
    const columns = { name: 'Alder', paymenttermscode: '7', address1_freighttermscode: 'GONE' };
    const modifiedAt = '2026-03-01T10:00:00Z';
    const id = 'id of paymentTerms 30D';
    const { toBusinessCentral, problems } = await compareMaster(
      {
        section: 'customer',
        dataverse: {
          ...{
            kind: 'account',
            rowId: 'account-1',
            revision: '1',
            modifiedAt,
            stateCode: 0,
            number: 'C1',
            name: 'Alder',
          },
          ...{ columns, owner: {}, currency: undefined, mergedInto: undefined, parentId: undefined },
        },
        businessCentral: {
          ...{ id: 'customer-1', etag: '1', number: 'C1', modifiedAt },
          values: { displayName: 'Alder', paymentTermsId: id, shipmentMethodId: 'DAP' },
        },
        agreed: {
          paymentTermsId: { dataverse: id, businessCentral: id },
          shipmentMethodId: { dataverse: 'DAP', businessCentral: 'DAP' },
        },
        blockedFrom: undefined,
      },
      rules.masters,
      rules.mapping,
      knowAll(['GONE']),
    );
    expect({ toBusinessCentral, problems }).toEqual({ toBusinessCentral: {}, problems: [] });
  });
});
