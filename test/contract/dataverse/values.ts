import { describe, expect, it } from 'vitest';
import type { DataverseRequests } from './requests.js';

/** Values that a column does not take; the numbers are sections of reference/dataverse-sales. */
export function testValues({ ask, code, account, line, order, opportunity }: DataverseRequests): void {
  const WRONG_TYPE = '0x80048d19';
  const refused = async (path: string, values: Readonly<Record<string, unknown>>): Promise<string> => {
    const answer = await ask('PATCH', path, values, { 'if-match': '*' });
    expect(answer.status, JSON.stringify(values)).toBe(400);
    return code(answer);
  };

  describe('values', () => {
    // microsoft/PowerAppsCodeApps issue 210, carfup/PCFControls issue 20: what Dataverse answered
    it('2.1: money and decimals are numbers, never text', async () => {
      const { accountid } = await account();
      const answer = await ask('PATCH', `accounts(${accountid})`, { creditlimit: '12.50' });
      expect(answer.status).toBe(400);
      expect(code(answer)).toBe(WRONG_TYPE);
      expect(answer.body.error.message).toContain("'IEEE754Compatible' false/true");
      const { salesorderid } = await order();
      expect(await refused(`salesorders(${salesorderid})`, { discountpercentage: '5' })).toBe(WRONG_TYPE);
      expect((await ask('PATCH', `salesorders(${salesorderid})`, { discountpercentage: 5 })).status).toBe(204);
    });

    it('2.14: a date is a day that exists, and a moment says so in ISO 8601', async () => {
      const { opportunityid } = await opportunity();
      const path = `opportunities(${opportunityid})`;
      for (const day of ['2026-02-31', '2026-2-3', '03/04/2026', '2026-03-08T00:00:00Z', '5', '', 5]) {
        expect(await refused(path, { estimatedclosedate: day }), String(day)).toBe(WRONG_TYPE);
      }
      const { salesorderid } = await order();
      const orderPath = `salesorders(${salesorderid})`;
      for (const moment of [
        '2026-02-31T10:00:00Z',
        '03/04/2026',
        'March 3, 2026',
        '2026-03-08 10:00',
        '2026-03-08T25:00:00Z',
      ])
        expect(await refused(orderPath, { requestdeliveryby: moment }), moment).toBe(WRONG_TYPE);
    });

    it('2.14: a moment without a zone is one of UTC', async () => {
      const { salesorderid } = await order();
      const path = `salesorders(${salesorderid})`;
      for (const [sent, kept] of [
        ['2026-07-08T10:30:00', '2026-07-08T10:30:00Z'],
        ['2026-07-08', '2026-07-08T00:00:00Z'],
        ['2026-07-08T10:30:00+02:00', '2026-07-08T08:30:00Z'],
      ]) {
        expect((await ask('PATCH', path, { requestdeliveryby: sent })).status).toBe(204);
        expect((await ask('GET', `${path}?$select=requestdeliveryby`)).body.requestdeliveryby).toBe(kept);
      }
    });

    it('10.3: a choice takes none but its options', async () => {
      const { accountid } = await account({ customertypecode: 3 });
      expect(await refused(`accounts(${accountid})`, { customertypecode: 99 })).toBe('0x8004431a');
      expect(await refused(`accounts(${accountid})`, { customertypecode: '3' })).toBe(WRONG_TYPE);
    });

    it('2.3 and 2.4: amounts and numbers keep within the range of their column', async () => {
      const { salesorderid, order_details: _details } = await order();
      const path = `salesorders(${salesorderid})`;
      const outOfRange = '0x80044330';
      expect(await refused(path, { discountpercentage: 100.5 })).toBe(outOfRange);
      expect(await refused(path, { discountpercentage: -1 })).toBe(outOfRange);
      expect(await refused(path, { freightamount: 1_000_000_000_001 })).toBe(outOfRange);
      expect(await refused(path, { submitstatus: -1 })).toBe('0x8004432f');
      expect(await refused(path, { submitstatus: 3_000_000_000 })).toBe(WRONG_TYPE);
      const lineOf = (more: object) => ({ ...line(more), 'salesorderid@odata.bind': `/salesorders(${salesorderid})` });
      for (const more of [
        { quantity: 100_000_000_001 },
        { tax: -1_000_000_000_001 },
        { priceperunit: 922_337_203_685_478 },
      ]) {
        const answer = await ask('POST', 'salesorderdetails', lineOf(more));
        expect(answer.status, JSON.stringify(more)).toBe(400);
        expect(code(answer)).toBe(outOfRange);
      }
    });

    it('2.1: an id is a GUID', async () => {
      for (const accountid of ['4711', '{bbbbbbbb-0000-4000-8000-00000000000a}x', 5]) {
        const answer = await ask('POST', 'accounts', { accountid, name: 'x' });
        expect(answer.status, String(accountid)).toBe(400);
        expect(code(answer)).toBe(WRONG_TYPE);
      }
    });
  });
}
