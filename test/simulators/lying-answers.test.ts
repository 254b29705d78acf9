import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Ask, createAsk } from '../contract/ask.js';
import { getToken } from '../support/tokens.js';

describe('answers that lie, and numbers that tell nothing', () => {
  let simulators: Simulators;
  let bc: Ask;
  let sales: Ask;
  const at = (path: string) => `companies(${simulators.businessCentral.company.id})/${path}`;

  async function draft() {
    const line = { lineType: 'Item', lineObjectNumber: 'EQ-1001', quantity: 1, unitPrice: 50 };
    const body = { customerNumber: 'C10001', salesInvoiceLines: [line] };
    return (await bc('POST', at('salesInvoices'), body)).body;
  }
  const read = async (id: string) => await bc('GET', at(`salesInvoices(${id})?$expand=salesInvoiceLines`));

  beforeAll(async () => {
    simulators = await startSimulators({ products: 20, accounts: 12, documents: 3 });
    const { connection } = simulators;
    const root = `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}/api/v2.0`;
    bc = createAsk(root, await getToken(connection, connection.businessCentralApp));
    sales = createAsk(`${connection.dataverse}/api/data/v9.2`, await getToken(connection, connection.dataverseApp));
  });
  afterEach(() => simulators.businessCentral.faults.clear());
  afterAll(() => simulators.stop());

  it('a record is not found once, in the words of one that does not exist', async () => {
    const { id } = await draft();
    simulators.businessCentral.faults.add({ match: { path: 'salesInvoices\\(' }, effect: { kind: 'not-found' } });
    const lie = await read(id);
    const really = await read('11111111-1111-4111-8111-111111111111');
    expect(lie.status).toBe(404);
    expect(really.status).toBe(404);
    expect(lie.body.error.code).toBe(really.body.error.code);
    expect(lie.body.error.message).toContain(id.toUpperCase());
    expect((await read(id)).status).toBe(200);
  });

  it('for a minute it is that record alone, and lists have it', async () => {
    const [one, other] = [await draft(), await draft()];
    const { faults } = simulators.businessCentral;
    faults.add({ match: { method: 'GET', path: 'salesInvoices\\(' }, effect: { kind: 'not-found', seconds: 60 } });
    expect((await read(one.id)).status).toBe(404);
    expect((await read(other.id)).status).toBe(200);
    simulators.clock.advance(59_000);
    expect((await read(one.id)).status).toBe(404);
    const listed = await bc('GET', at(`salesInvoices?$filter=id eq ${one.id}`));
    expect(listed.body.value).toHaveLength(1);
    simulators.clock.advance(1_001);
    expect((await read(one.id)).status).toBe(200);
  });

  it('Sales has its own words for it', async () => {
    const [opportunity] = simulators.dataverse.store.all('opportunity');
    const id = String(opportunity?.['opportunityid']);
    simulators.dataverse.faults.add({ match: { path: 'opportunities\\(' }, effect: { kind: 'not-found' } });
    const { status, body } = await sales('GET', `opportunities(${id})?$select=name`);
    expect([status, body.error.code]).toEqual([404, '0x80040217']);
    expect(body.error.message).toContain(`opportunity With Id = ${id}`);
  });

  it('a draft keeps its number where drafts and posted invoices have one series', async () => {
    const post = async (id: string) => {
      await bc('POST', at(`salesInvoices(${id})/Microsoft.NAV.post`), undefined);
      return (await read(id)).body;
    };
    const usual = await draft();
    expect((await post(usual.id)).number).not.toBe(usual.number);
    simulators.businessCentral.company.setup.oneInvoiceSeries = true;
    const { id, number } = await draft();
    expect(await post(id)).toMatchObject({ number, status: 'Open' });
  });
});
