import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Counter, openCounter } from '../support/business-central.js';

/** Numbers and names of Sales as values of filters, which Business Central reads as filters of its own (reference/business-central 6.2). */

let counter: Counter;

beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const ODD = ['P&F 10', 'KIT(2)', 'A|B', '<5', '@HOME', "O'HARA", '1..2', "'Q'", 'STAR*', 'WHAT?', 'A=B'];

describe('a number with characters that are operators in a filter', () => {
  for (const number of ODD) {
    it(`finds the item, the customer and their rows: ${number}`, async () => {
      const { company } = counter.simulators.businessCentral;
      const id = (set: string) =>
        String(company.insert(set, { number: number.toUpperCase(), displayName: number })['id']);
      const [item, customer] = [id('items'), id('customers')];
      const { client } = counter;
      expect((await client.findItems(['EQ-1001', number])).map((one) => one.id)).toContain(item);
      expect((await client.findCustomer(number))?.id).toBe(customer);
      expect((await client.findMaster('items', number))?.id).toBe(item);
      expect((await client.findWholeRows('items', [number])).map((row) => row['id'])).toEqual([item]);
      expect(await client.readDefaultDimensions('items', number)).toEqual(new Map());
    });
  }

  it('finds customers by a name of that kind', async () => {
    const { company } = counter.simulators.businessCentral;
    const name = 'Alder & Söhne (Nord) GmbH & Co. KG';
    const { id } = company.insert('customers', { number: 'C-ALDER', displayName: name });
    expect((await counter.client.findCustomersBy({ name })).map((one) => one.id)).toEqual([id]);
  });
});

describe('a value that is longer than the field', () => {
  const long = 'X'.repeat(21);

  it('is nobody’s number, and those beside it are found', async () => {
    const { client } = counter;
    expect((await client.findItems([long, 'EQ-1001'])).map(({ number }) => number)).toEqual(['EQ-1001']);
    expect((await client.findWholeRows('items', [long, 'EQ-1001'])).map((row) => row['number'])).toEqual(['EQ-1001']);
    expect(await client.findWholeRows('items', [long])).toEqual([]);
    expect(await client.findItems([long])).toEqual([]);
    expect(await client.findCustomer(long)).toBeUndefined();
    expect(await client.findContact(long)).toBeUndefined();
    expect(await client.findMaster('customers', long)).toBeUndefined();
    expect(await client.readDefaultDimensions('items', long)).toEqual(new Map());
  });

  it('is nobody’s name or e-mail address', async () => {
    const { client } = counter;
    expect(await client.findCustomersBy({ name: 'N'.repeat(101) })).toEqual([]);
    expect(await client.findCustomersBy({ domain: `${'d'.repeat(80)}.example` })).toEqual([]);
  });
});
