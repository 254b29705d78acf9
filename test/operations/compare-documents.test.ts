import { describe, expect, it } from 'vitest';
import { findChanges } from '../../src/mapping/preview/changes.js';
import { createPreviewer } from '../../src/operations/deals/previewer.js';
import { parseRules } from '../../src/process/config.js';
import { createDeskSystems } from '../support/desk-systems.js';
import { makeDeal } from '../support/won-deal.js';

/** What another rules file would make of the same deal: every other document is told, whatever it differs in. */

const SOLD = makeDeal({ currency: 'EUR' });
const AS_INVOICE = '';
const AS_ORDER = 'documents: { orderSubmitted: order }';
const AS_QUOTE = 'documents: { orderSubmitted: quote }';
const QUOTE_TO_INVOICE = 'documents: { orderSubmitted: { quote: invoice } }';
const ELSEWHERE = 'companies: [{ company: CRONUS DE, when: { currency: EUR } }]';

const home = createDeskSystems('0c0c0000-0000-4000-8000-00000000000c', () => SOLD);
const abroad = createDeskSystems('0c0c0000-0000-4000-8000-00000000000d', () => SOLD);

function preview(yaml: string) {
  const rules = parseRules(yaml);
  const ledger = {
    findLinks: async () => new Map(),
    findLinkedOthers: async () => [],
    isNewByDecision: async () => false,
    findAskedCustomer: async () => undefined,
  };
  const companyOf: typeof home.companyOf = (deal, of) => (of.companies.length > 0 ? abroad : home).companyOf(deal, of);
  return createPreviewer({ dataverse: home.dataverse, companyOf, ledger }, rules).preview('salesorder', SOLD.recordId);
}

const compare = async (before: string, after: string) => findChanges(await preview(before), await preview(after));

describe('documents by two rules files', () => {
  it('are the same by the same rules', async () => {
    for (const yaml of [AS_INVOICE, AS_ORDER, AS_QUOTE, ELSEWHERE]) expect(await compare(yaml, yaml)).toEqual([]);
  });

  it.each([
    [AS_INVOICE, AS_ORDER, 'invoice', 'order'],
    [AS_ORDER, AS_QUOTE, 'order', 'quote, then order'],
    [AS_QUOTE, QUOTE_TO_INVOICE, 'quote, then order', 'quote, then invoice'],
  ])('are different when they are of another kind: %j and %j', async (before, after, was, is) => {
    expect(await compare(before, after)).toContainEqual({ field: 'document.kind', before: was, after: is });
  });

  it('are different when they are in another company, which is named', async () => {
    const moved = { field: 'company', before: 'the default company', after: 'CRONUS DE' };
    expect(await compare(AS_INVOICE, ELSEWHERE)).toEqual([moved]);
  });

  it('have their lines compared, those of a quote as well', async () => {
    const texts = 'mapping: { line: { description2: { value: as agreed } } }';
    for (const kind of [AS_INVOICE, AS_ORDER, AS_QUOTE]) {
      const change = { field: 'line 1.description2', before: undefined, after: 'as agreed' };
      expect(await compare(kind, `${kind}\n${texts}`), kind).toEqual([change]);
    }
  });
});
