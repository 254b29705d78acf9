import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isNumberOf } from '../../src/deal/document-number.js';
import type { HandOverResult } from '../../src/workflows/deals/messages.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

let stage: Stage;
let seller: ReturnType<typeof createSeller>;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/automatic.yaml' });
  seller = createSeller(stage.simulators);
});
afterAll(() => stage?.close());

const kinds = { opportunity: 'winOpportunity', quote: 'winQuote', salesorder: 'submitOrder' } as const;

function invoicesOf(recordId: string) {
  return [...stage.simulators.businessCentral.company.invoices.values()].filter(({ row }) =>
    isNumberOf(String(row['externalDocumentNumber']), recordId),
  );
}

async function outcome(recordId: string): Promise<HandOverResult> {
  await stage.simulators.dataverse.webhooks.settle();
  return (await stage.temporal.workflow.getHandle(recordId).result()) as HandOverResult;
}

describe('the main job', () => {
  for (const kind of ['opportunity', 'quote', 'salesorder'] as const) {
    it(`a won ${kind} becomes one posted invoice whose number and total are back in Sales`, async () => {
      const document = stage.simulators.data.documents.find((other) => other.kind === kind);
      if (!document) throw new Error(`no ${kind} in the seed`);
      await seller[kinds[kind]](document.id);
      const result = await outcome(document.id);
      expect(result.outcome).toBe('written-back');
      const [invoice, ...others] = invoicesOf(document.id);
      expect(others).toEqual([]);
      expect(invoice?.isPosted).toBe(true);
      expect(result.invoiceNumber).toBe(invoice?.row['number']);
      const rows = [...stage.simulators.dataverse.store.all('invoice')].filter(
        (row) => row['invoicenumber'] === result.invoiceNumber,
      );
      expect(rows).toHaveLength(1);
      expect(Number(rows[0]?.['totalamount'])).toBe(Number(invoice?.row['totalAmountIncludingTax']));
      await keepHistory(stage, document.id, `won-${kind}`);
    });
  }
});
