import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import type { Preview } from '../../src/mapping/preview/preview.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';
import { sellUnknown } from '../support/unknown-deal.js';

/** The whole mapping at work: preview first, then the same deal for real. */

let stage: Stage;
let seller: ReturnType<typeof createSeller>;
let bookkeeper: ReturnType<typeof createBookkeeper>;
/** A day on which only the deals of this file were touched. */
let since: string;
let sold: Awaited<ReturnType<typeof sellUnknown>>;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/mapping.yaml' });
  seller = createSeller(stage.simulators);
  bookkeeper = createBookkeeper(stage.simulators);
  // The preview comes first here, so no webhook starts the deal.
  stage.simulators.dataverse.webhooks.registrations.splice(0);
  stage.simulators.clock.advance(3 * 24 * 60 * 60 * 1_000);
  since = stage.simulators.clock.date().toISOString().slice(0, 10);
  sold = await sellUnknown(stage.simulators, seller);
});
afterAll(() => stage?.close());

const run = promisify(execFile);
const dealbridge = (...args: string[]) =>
  run(process.execPath, [resolve('dist/cli/main.js'), ...args], { env: stage.env, maxBuffer: 64 * 1024 * 1024 });

async function preview(...args: string[]): Promise<Preview> {
  return JSON.parse((await dealbridge('preview', 'salesorder', ...args, '--json')).stdout) as Preview;
}

/** Numbers without their trailing zeros, so that `2.0` and 2 are the same. */
const plain = (value: unknown): string =>
  typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(String(value)) ? String(Number(value)) : String(value);

/** What only Business Central can know before it happens: its numbers, its days, its taxes, its ids of rows. */
const NOT_FORESEEN = {
  header: [
    'currencyId',
    'customerId',
    'billToCustomerId',
    'discountAppliedBeforeTax',
    'disputeStatus',
    'disputeStatusId',
    'dueDate',
    'id',
    'invoiceDate',
    'lastModifiedDateTime',
    'number',
    'orderId',
    'orderNumber',
    'postingDate',
    'pricesIncludeTax',
    'promisedPayDate',
    'remainingAmount',
    'shortcutDimension2Code',
    'status',
    'totalAmountIncludingTax',
    'totalTaxAmount',
  ],
  line: [
    'accountId',
    'amountIncludingTax',
    'discountAppliedBeforeTax',
    'discountPercent',
    'documentId',
    'id',
    'invoiceDiscountAllocation',
    'itemId',
    'netAmount',
    'netAmountIncludingTax',
    'netTaxAmount',
    'taxPercent',
    'totalTaxAmount',
    'unitOfMeasureId',
  ],
};

/** What account and new item get from the set-up of Business Central, which the API does not tell beforehand. */
const SET_UP = ['taxCode'];

describe('a deal of which Business Central knows nothing', () => {
  let foreseen: Preview;

  it('is previewed with plan, cuts and look-ups, by GETs only and without a word in the ledger', async () => {
    const { dataverse, businessCentral } = stage.simulators;
    const before = { sales: dataverse.requests.length, bc: businessCentral.requests.length };
    const seen = await stage.ledger.listRecords({ limit: 1_000 });
    foreseen = await preview(sold.orderId);
    const asked = [...dataverse.requests.slice(before.sales), ...businessCentral.requests.slice(before.bc)];
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(dataverse.requests.length - before.sales).toBe(1);
    expect(await stage.ledger.listRecords({ limit: 1_000 })).toEqual(seen);
    expect(foreseen.problems).toEqual([]);
    expect(foreseen.plan.map(({ step, number }) => `${step} ${number}`)).toEqual([
      `create-customer ${sold.accountNumber}`,
      expect.stringMatching(/^create-contact S/),
      `create-unit ${sold.unitCode}`,
      `create-item ${sold.products[0]}`,
      `create-item ${sold.products[1]}`,
      expect.stringMatching(/^create-invoice /),
      expect.stringMatching(/^set-discount /),
    ]);
    expect(foreseen.notes.filter(({ kind }) => kind === 'cut').map(({ field }) => field)).toEqual([
      'customer.displayName',
      'contact.jobTitle',
    ]);
    expect(foreseen.notes.filter(({ kind }) => kind === 'looked-up').map(({ field }) => field)).toContain(
      'document.shipToCountry',
    );
  });

  it('reads like a document for people', async () => {
    const { stdout } = await dealbridge('preview', 'salesorder', sold.orderId);
    expect(stdout).toContain(`line 1: Item ${sold.products[0]} 2.12345 ${sold.unitCode} at 150.12`);
    expect(stdout).toContain('line 1.0001: Comment');
    expect(stdout).toContain('cut customer.displayName: column account.name: 118 characters cut to 100');
    expect(stdout).toMatch(/Plan:\n {2}create customer N/);
    expect(stdout).toMatch(/^salesorder \S+ of Very long name/);
    expect(stdout).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it('of every deal since a day ends with how many would go through, and what holds the others', async () => {
    const { stdout } = await dealbridge('preview', '--since', since);
    expect(stdout).toMatch(/\n\d+ deals?, \d+ of them would go through untouched\n/);
  });

  it('is counted by fit, which makes one page and writes to neither system', async () => {
    const requests = () => [...stage.simulators.dataverse.requests, ...stage.simulators.businessCentral.requests];
    const before = requests().length;
    const folder = mkdtempSync(join(tmpdir(), 'dealbridge-fit-'));
    const page = join(folder, 'fit.html');
    const { stdout } = await dealbridge('fit', '--days', '1', '--out', page);
    expect(stdout).toMatch(/^\d+ deals?, \d+ of them would go through untouched\n/);
    expect(stdout).toContain(`The page with everything: ${page}`);
    expect(readFileSync(page, 'utf8')).toContain('<h1>Would it fit?</h1>');
    rmSync(folder, { recursive: true });
    expect(
      requests()
        .slice(before)
        .filter(({ method }) => method !== 'GET'),
    ).toEqual([]);
  });

  it('goes through in one run, and becomes the document that was foreseen in every field', async () => {
    await startDeal(stage, { table: 'salesorder', recordId: sold.orderId });
    await until(async () => {
      const record = await stage.ledger.findRecord(sold.orderId);
      if (record?.state === 'held') throw new Error(`held: ${JSON.stringify(record)}`);
      return record?.state === 'awaiting-confirmation';
    });
    const { company } = stage.simulators.businessCentral;
    const customer = company.findByNumber('customers', sold.accountNumber);
    expect(customer).toMatchObject({
      country: 'DE',
      paymentTermsId: company.findByNumber('paymentTerms', '45D')?.['id'],
    });
    expect(String(customer?.['displayName'])).toHaveLength(100);
    for (const number of sold.products) {
      expect(company.findByNumber('items', number)).toMatchObject({
        baseUnitOfMeasureCode: sold.unitCode,
        itemCategoryCode: 'LIFTING',
      });
    }
    const contacts = [...company.all('contacts')].filter((row) => row['displayName'] === 'Cleo Muster');
    const companyContact = [...company.all('contacts')].find((row) => row['companyName'] === customer?.['displayName']);
    expect(contacts).toMatchObject([{ type: 'Person', companyNumber: companyContact?.['number'] }]);

    const record = await stage.ledger.findRecord(sold.orderId);
    const made = await bookkeeper.readDraft(String(record?.documentId));
    const { header, lines } = foreseen.document ?? { header: undefined, lines: [] };
    for (const [name, value] of Object.entries(header?.values ?? {})) {
      if (NOT_FORESEEN.header.includes(name)) continue;
      expect(plain(made[name]), name).toBe(plain(value));
    }
    const shown = made.salesInvoiceLines;
    expect(shown).toHaveLength(lines.length);
    lines.forEach(({ values }, index) => {
      for (const [name, value] of Object.entries(values)) {
        if (NOT_FORESEEN.line.includes(name)) continue;
        expect(plain(shown[index]?.[name]), `line ${index}: ${name}`).toBe(plain(value));
      }
    });
    // The other way round: what the API shows and the preview does not is empty, or nobody can foresee it.
    const surprises = Object.entries(made).filter(
      ([name, value]) =>
        !name.startsWith('@') && name !== 'salesInvoiceLines' && header?.values[name] === undefined && !isEmpty(value),
    );
    expect(surprises.map(([name]) => name).filter((name) => !NOT_FORESEEN.header.includes(name))).toEqual([]);
    const lineSurprises = shown.flatMap((line, index) =>
      Object.entries(line).filter(
        ([name, value]) => !name.startsWith('@') && lines[index]?.values[name] === undefined && !isEmpty(value),
      ),
    );
    expect(
      lineSurprises.map(([name]) => name).filter((name) => ![...NOT_FORESEEN.line, ...SET_UP].includes(name)),
    ).toEqual([]);
    const audit = await stage.ledger.readAudit(sold.orderId);
    expect(audit.map(({ action }) => action)).toEqual(
      expect.arrayContaining([
        'create customer in Business Central',
        'create contact in Business Central',
        'create unit in Business Central',
        'create item in Business Central',
        'create draft invoice in Business Central',
      ]),
    );
    const ofCustomer = audit.find(({ action }) => action === 'create customer in Business Central');
    expect(ofCustomer?.facts).toMatchObject({ cuts: ['customer.displayName: 118 → 100 characters'] });
  });

  it('is foreseen as known afterwards: nothing is created twice', async () => {
    const again = await preview(sold.orderId);
    expect(again.plan.map(({ step }) => step)).toEqual(['create-invoice', 'set-discount']);
    // What was new is known by now, so the ids and the tax of the items are foreseen as well.
    const made = await bookkeeper.readDraft(String((await stage.ledger.findRecord(sold.orderId))?.documentId));
    expect(again.document?.header.values).toMatchObject({
      customerId: made['customerId'],
      billToCustomerId: made['billToCustomerId'],
    });
    for (const index of [0, 3]) {
      const { itemId, taxCode, unitOfMeasureId } = made.salesInvoiceLines[index] ?? {};
      expect(itemId).not.toBe('00000000-0000-0000-0000-000000000000');
      expect(again.document?.lines[index]?.values).toMatchObject({ itemId, taxCode, unitOfMeasureId });
    }
  });
});

describe('another mapping file', () => {
  it('is told deal by deal by what it would make different', async () => {
    const { stdout } = await dealbridge('preview', '--since', since, '--mapping', 'test/rules/other-mapping.yaml');
    const number = String(stage.simulators.dataverse.store.find('salesorder', sold.orderId)?.['ordernumber']);
    const blocks = stdout.split('\n\n').filter((block) => block.startsWith(`salesorder ${number} of Very long name`));
    expect(blocks).toHaveLength(1);
    expect(blocks[0]).toContain('document.shortcutDimension1Code: SALES → RENTAL');
    expect(blocks[0]).not.toContain('shipToCity');
    expect(stdout).toContain('1 document would be different');
  });

  it('that is the same makes no difference', async () => {
    const { stdout } = await dealbridge('preview', '--since', since, '--mapping', 'test/rules/mapping.yaml');
    expect(stdout.trim()).toBe('0 documents would be different');
  });
});

describe('the command line', () => {
  it('checks a rules file and prints the schema', async () => {
    expect((await dealbridge('mapping', 'check', 'test/rules/mapping.yaml')).stdout).toContain('is usable');
    expect(JSON.parse((await dealbridge('mapping', 'schema')).stdout)).toHaveProperty('properties.mapping');
    await expect(dealbridge('mapping', 'check', 'package.json')).rejects.toMatchObject({
      stderr: expect.stringContaining('package.json:2:3  rule name: found the key'),
    });
  });
});

function isEmpty(value: unknown): boolean {
  return ['', 0, false, '_x0020_', '0001-01-01', '00000000-0000-0000-0000-000000000000'].includes(value as string);
}
