import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { createDocument } from '@dealbridge/simulators/business-central/headers.js';
import { pay, postDraft } from '@dealbridge/simulators/business-central/posting.js';
import type { Row, SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { LINES } from '@dealbridge/simulators/dataverse/tables.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { documentKey } from '../../src/deal/document-number.js';
import { dealWorkflowId } from '../../src/deal/ids.js';
import { add, subtract } from '../../src/deal/money.js';
import { differenceKey, openBooks } from '../../tools/chaos/books.js';
import { chooseDeals, type Deal } from '../../tools/chaos/deals.js';
import { examineDeal, examineRest, examineRuns } from '../../tools/chaos/examine.js';
import {
  documentIds,
  examineMasters,
  findDoubledSubscriptions,
  findStrayDocuments,
  findStrayRows,
} from '../../tools/chaos/examine-shared.js';
import { examineTrail } from '../../tools/chaos/examine-trail.js';
import { FINDING_KINDS, type Finding } from '../../tools/chaos/findings.js';
import { type Postings, watchPostings } from '../../tools/chaos/postings.js';
import { countWrong } from '../../tools/chaos/report.js';

/** A count that cannot become more than zero says nothing: each wrong outcome is planted, and has to be found. */

let simulators: Simulators;
let postings: Postings;
/** Those that no test has used yet; two belong to each test. */
let unused: Deal[];
let deal: Deal;
let other: Deal;

async function open(): Promise<void> {
  simulators = await startSimulators({ seed: 7, products: 20, accounts: 12, documents: 300 });
  postings = watchPostings(simulators);
  const chosen = chooseDeals(simulators, { deals: 150, orders: 0, cases: new Map(), roll: () => 0.1 });
  // A discount of the whole document is set afterwards, and nothing is to be seen by it here.
  unused = chosen.filter(({ seed }) => seed.discount === '0');
}

beforeAll(open);
afterAll(() => simulators.stop());
beforeEach(() => {
  [deal, other] = unused.splice(0, 2) as [Deal, Deal];
  for (const { account } of [deal, other]) addCustomer(account.number, account.name);
});

/** So that there is somebody to bill, whether the seed has made the customer or not. */
function addCustomer(number: string, displayName: string): void {
  const { company } = simulators.businessCentral;
  if (!company.findByNumber('customers', number)) company.insert('customers', { number, displayName });
}

function recordOf({ table, id }: Deal['records'][number]): Row {
  const { store } = simulators.dataverse;
  return store.get(store.schema.table(table), id) as Row;
}

function netOf(of: Deal): string {
  const [record] = of.records.map(recordOf);
  return subtract(String(record?.['totalamount']), String(record?.['totaltax']));
}

interface Planted {
  readonly key?: string;
  /** In one line of an account, instead of the lines that were sold. */
  readonly net?: string;
  readonly customerNumber?: string;
  readonly currencyCode?: string;
  readonly lines?: object[];
}

function draftInvoice(of: Deal, { key, net, customerNumber, currencyCode, lines }: Planted = {}): SalesDocument {
  const ofAmount = { lineType: 'Account', lineObjectNumber: '8400', quantity: 1, unitPrice: Number(net) };
  return createDocument(simulators.businessCentral.company, 'invoice', {
    customerNumber: customerNumber ?? of.account.number,
    externalDocumentNumber: key ?? documentKey(of.seed.id),
    currencyCode: currencyCode ?? of.account.currency,
    salesInvoiceLines: net === undefined ? (lines ?? soldLines(of)) : [ofAmount],
  });
}

/** The lines of the record and its freight, as they belong on the invoice. */
function soldLines({ seed }: Deal): object[] {
  const { store } = simulators.dataverse;
  const { table, via } = LINES[seed.kind] as { table: string; via: string };
  const sold = [...store.children(table, via, seed.id)].map((line) => ({
    ...toObject(line['productid'] && store.find('product', String(line['productid']))?.['productnumber']),
    quantity: Number(line['quantity']),
    unitPrice: Number(line['priceperunit']),
    discountAmount: Number(line['manualdiscountamount']),
  }));
  const freight = { lineType: 'Account', lineObjectNumber: '8410', quantity: 1, unitPrice: Number(seed.freight) };
  return Number(seed.freight) === 0 ? sold : [...sold, freight];
}

function toObject(productNumber: unknown): object {
  if (!productNumber) return { lineType: 'Account', lineObjectNumber: '8400' };
  return { lineType: 'Item', lineObjectNumber: productNumber };
}

function postInvoice(of: Deal, planted: Planted = {}): SalesDocument {
  const invoice = draftInvoice(of, planted);
  postDraft(simulators.businessCentral.company, invoice);
  return invoice;
}

/** What the record in Sales says of its invoice. */
function tellRecord({ row }: SalesDocument, { seed: { kind, id } }: Deal = deal): void {
  if (kind === 'opportunity') Object.assign(recordOf({ table: kind, id }), { bc_postedinvoicenumber: row['number'] });
  if (kind === 'salesorder') Object.assign(recordOf({ table: kind, id }), { statecode: 4 });
}

/** The row in Sales, and what its record says by then. */
function writeRow(invoice: SalesDocument, more: Row = {}, of: Deal = deal): Row {
  const { store } = simulators.dataverse;
  const { kind, id } = of.seed;
  const { row } = invoice;
  tellRecord(invoice, of);
  const values = {
    invoicenumber: row['number'] ?? '',
    totalamount: row['totalAmountIncludingTax'] ?? '',
    customerid: of.account.id,
    ...(kind !== 'quote' && { [`${kind}id`]: id }),
    ...more,
  };
  return store.insert(store.schema.table('invoice'), values) as Row;
}

/** As it should be. */
function handOver(of: Deal = deal): SalesDocument {
  const invoice = postInvoice(of);
  writeRow(invoice, {}, of);
  return invoice;
}

function examine(of: Deal = deal): Finding['kind'][] {
  return examineDeal(of, openBooks(simulators, postings)).map(({ kind }) => kind);
}

describe('what is as it should be', () => {
  it('has no finding', () => {
    handOver();
    expect(examine()).toEqual([]);
  });

  it('is nothing at all for a deal that a person ended', () => {
    deal.isCancelled = true;
    expect(examine()).toEqual([]);
  });
});

describe('a lost deal', () => {
  it('has no document', () => expect(examine()).toEqual(['lost']));

  it('has a draft that nobody posted', () => {
    draftInvoice(deal);
    expect(examine()).toContain('lost');
  });

  it('has an order that is left over', () => {
    const { company } = simulators.businessCentral;
    const header = { customerNumber: deal.account.number, externalDocumentNumber: documentKey(deal.seed.id) };
    createDocument(company, 'order', header);
    expect(examine()).toEqual(['lost']);
  });

  it('has no row in Sales', () => {
    tellRecord(postInvoice(deal));
    expect(examine()).toEqual(['lost']);
  });

  it('has a row of another total in Sales', () => {
    writeRow(postInvoice(deal), { totalamount: '1.00' });
    expect(examine()).toEqual(['lost']);
  });

  it('was paid, and Sales does not know', () => {
    pay(simulators.businessCentral.company, handOver(), undefined);
    expect(examine()).toEqual(['lost']);
  });

  it('has its row under another record', () => {
    const column = deal.seed.kind === 'salesorder' ? 'salesorderid' : 'opportunityid';
    writeRow(postInvoice(deal), { [column]: other.seed.id });
    expect(examine()).toEqual(['lost']);
  });

  it('has an opportunity that names no invoice, or another', () => {
    handOver();
    for (const number of [null, '', '1']) {
      Object.assign(recordOf({ table: 'opportunity', id: deal.seed.id }), { bc_postedinvoicenumber: number });
      expect(examine(), String(number)).toEqual(['lost']);
    }
  });

  it('has an order that does not become invoiced in Sales', () => {
    [deal] = chooseDeals(simulators, { deals: 1, orders: 1, cases: new Map(), roll: () => 0.1 }) as [Deal];
    addCustomer(deal.account.number, deal.account.name);
    handOver();
    expect(examine()).toEqual([]);
    Object.assign(recordOf({ table: 'salesorder', id: deal.seed.id }), { statecode: 1 });
    expect(examine()).toEqual(['lost']);
  });

  it('has a run that has not ended', () => {
    expect(examineRuns(deal, new Set([dealWorkflowId(deal.seed.id)]))).toMatchObject([{ kind: 'lost' }]);
    expect(examineRuns(deal, new Set(['another']))).toEqual([]);
  });

  it('does not rest in the ledger, or is carried by none of its records', () => {
    const rest = (state: string) => examineRest(deal, new Map([[deal.seed.id, state]])).map(({ kind }) => kind);
    deal.isWon = true;
    expect(rest('written-back')).toEqual([]);
    expect(rest('held')).toEqual(['lost']);
    expect(rest('superseded')).toEqual(['lost']);
    deal.isWon = false;
    expect(rest('written-back')).toEqual(['lost']);
  });
});

describe('a doubled deal', () => {
  it('has two documents of one record', () => {
    handOver();
    handOver();
    expect(examine()).toContain('two-documents');
  });

  it('has a document of each of two records', () => {
    deal.records.push(...other.records);
    handOver();
    handOver(other);
    expect(examine()).toContain('two-documents');
  });

  it('has a document although a person ended it', () => {
    handOver();
    deal.isCancelled = true;
    expect(examine()).toEqual(['doubled']);
  });

  it('has two rows in Sales', () => {
    writeRow(handOver());
    expect(examine()).toEqual(['doubled']);
  });

  it('is carried by two records', () => {
    deal.isWon = true;
    deal.records.push(...other.records);
    const states = new Map(deal.records.map(({ id }) => [id, 'settled']));
    expect(examineRest(deal, states).map(({ kind }) => kind)).toEqual(['doubled']);
  });
});

describe('a wrong customer', () => {
  const someoneElse = () => {
    addCustomer('SOMEONE', 'Someone Else');
    writeRow(postInvoice(deal, { customerNumber: 'SOMEONE' }));
  };

  it('is another number than that of the account', () => {
    someoneElse();
    expect(examine()).toEqual(['wrong-customer']);
  });

  it('is one of another name, where a person had the customer made', () => {
    deal.bills = { name: deal.account.name, isNew: true };
    someoneElse();
    expect(examine()).toEqual(['wrong-customer']);
  });

  it('is any at all while nobody has said whose deal it is', () => {
    deal.bills = undefined;
    draftInvoice(deal);
    expect(examine()).toContain('wrong-customer');
  });
});

describe('a wrong total', () => {
  it.each(['0.01', '-0.01'])('is one that differs by %s', (by) => {
    writeRow(postInvoice(deal, { net: add(netOf(deal), by) }));
    expect(examine()).toContain('wrong-total');
  });

  it('is the right number in another currency', () => {
    const currencyCode = deal.account.currency === 'USD' ? 'GBP' : 'USD';
    writeRow(postInvoice(deal, { currencyCode }));
    expect(examine()).toEqual(['wrong-total']);
  });
});

describe('wrong lines behind a right total', () => {
  it('are an item that is missing, where another line makes up for it', () => {
    writeRow(postInvoice(deal, { net: netOf(deal) }));
    expect(new Set(examine())).toEqual(new Set(['wrong-lines']));
  });

  it('are a line without a price that is missing', () => {
    handOver();
    const { kind, id } = deal.seed;
    const { store } = simulators.dataverse;
    const { table, via } = LINES[kind] as { table: string; via: string };
    const [product] = store.all('product') as Iterable<Row>;
    const free = { [via]: id, productid: product?.['productid'] ?? null, quantity: '1', priceperunit: '0' };
    store.insert(store.schema.table(table), free);
    expect(examine()).toEqual(['wrong-lines']);
  });

  it('are twice as many of an item at half its price', () => {
    const lines = soldLines(deal) as { quantity: number; unitPrice: number }[];
    const [first, ...others] = lines;
    if (!first) throw new Error('the deal has no line');
    const halved = { ...first, quantity: first.quantity * 2, unitPrice: first.unitPrice / 2 };
    writeRow(postInvoice(deal, { lines: [halved, ...others] }));
    expect(examine()).toEqual(['wrong-lines']);
  });
});

describe('what the audit trail does not have', () => {
  const CREATED = 'create draft invoice in Business Central';
  const ROW = 'create invoice row in Sales';
  const unrecorded = (actions: readonly string[], of: Deal = deal): Finding['kind'][] => {
    const trail = new Map([[of.seed.id, new Map(actions.map((action) => [action, 1]))]]);
    return examineTrail(of, openBooks(simulators, postings), trail).map(({ kind }) => kind);
  };

  it('is the draft, the posting that a request of ours did, or the row', () => {
    const invoice = draftInvoice(deal);
    const startedAt = new Date().toISOString();
    postDraft(simulators.businessCentral.company, invoice);
    simulators.businessCentral.requests.push({
      ...{ method: 'POST', path: `/salesInvoices(${invoice.row['id']})/Microsoft.NAV.post`, status: 204, who: '' },
      ...{ startedAt, durationMs: 1_000, faults: [] },
    });
    const posted = 'post invoice in Business Central';
    expect(unrecorded([CREATED, posted, ROW])).toEqual([]);
    expect(unrecorded([posted, ROW])).toEqual(['unrecorded']);
    expect(unrecorded([CREATED, ROW])).toEqual(['unrecorded']);
    expect(unrecorded([CREATED, posted])).toEqual(['unrecorded']);
    expect(unrecorded([])).toEqual(['unrecorded', 'unrecorded', 'unrecorded']);
  });

  it('is no posting that a person did', () => {
    handOver();
    expect(unrecorded([CREATED, ROW])).toEqual([]);
  });
});

describe('a lost difference', () => {
  /** The second record comes to so much more than the first, which was handed over. */
  function sellMore(more: string): string {
    const [last] = other.records;
    if (!last) throw new Error('the deal has no record');
    deal.records.push(last);
    Object.assign(recordOf(last), { totalamount: add(netOf(deal), more), totaltax: '0' });
    return last.id;
  }

  it('is what the later record has more and nobody billed', () => {
    handOver();
    sellMore('500');
    expect(examine()).toEqual(['lost-difference']);
  });

  it('is what the later record has less', () => {
    handOver();
    sellMore('-0.01');
    expect(examine()).toEqual(['lost-difference']);
  });

  it('is a bill of another amount', () => {
    handOver();
    postInvoice(deal, { key: differenceKey(sellMore('500')), net: '499.99' });
    expect(examine()).toEqual(['lost-difference']);
  });

  it('is none when it was billed, or when a person took it', () => {
    handOver();
    const order = sellMore('500');
    deal.acceptsDifference = true;
    expect(examine()).toEqual([]);
    deal.acceptsDifference = false;
    postInvoice(deal, { key: differenceKey(order), net: '500' });
    expect(examine()).toEqual([]);
  });
});

describe('what the seller changed before the posting request came', () => {
  /** By a request, as Dealbridge posts. */
  function post(planted: Planted = {}): number {
    const invoice = draftInvoice(deal, planted);
    const at = Date.now();
    postDraft(simulators.businessCentral.company, invoice);
    simulators.businessCentral.requests.push({
      ...{ method: 'POST', path: `/salesInvoices(${invoice.row['id']})/Microsoft.NAV.post`, status: 204, who: '' },
      ...{ startedAt: new Date(at).toISOString(), durationMs: Date.now() - at, faults: [] },
    });
    writeRow(invoice);
    return at;
  }

  it('was posted though it was cancelled', () => {
    deal.change = { kind: 'cancelled', at: post() - 1 };
    expect(examine()).toEqual(['posted-though-cancelled']);
  });

  it('was posted while it was reopened, and not once it is won again', () => {
    const at = post();
    deal.change = { kind: 'reopened', at: at - 2 };
    expect(examine()).toEqual(['posted-though-cancelled']);
    deal.change = { kind: 'reopened', at: at - 2, wonAgainAt: at + 1 };
    expect(examine()).toEqual(['posted-though-cancelled']);
    deal.change = { kind: 'reopened', at: at - 2, wonAgainAt: at - 1 };
    expect(examine()).toEqual([]);
  });

  it('was posted to the figures of before', () => {
    const at = post({ net: add(netOf(deal), '0.01') });
    deal.change = { kind: 'amount', at: at - 1 };
    expect(examine()).toEqual(['posted-to-old-figures']);
  });

  it('is nobody’s fault when the request came first, or a person posted it', () => {
    deal.change = { kind: 'cancelled', at: post() + 1 };
    expect(examine()).toEqual([]);
    [deal] = unused.splice(0, 1) as [Deal];
    addCustomer(deal.account.number, deal.account.name);
    handOver();
    for (const kind of ['cancelled', 'amount'] as const) {
      deal.change = { kind, at: Date.now() - 1_000 };
      Object.assign(recordOf(deal.records[0] as Deal['records'][number]), { totalamount: '1' });
      expect(examine(), kind).toEqual([]);
    }
  });

  it('is nothing at all when it was cancelled and not posted, and a draft of it is one too many', () => {
    deal.change = { kind: 'cancelled', at: Date.now() };
    expect(examine()).toEqual([]);
    draftInvoice(deal);
    expect(examine()).toContain('doubled');
  });
});

describe('what many deals share', () => {
  const missingItem = 'NEW-ITEM';
  let before: Parameters<typeof examineMasters>[2];

  beforeEach(async () => {
    await simulators.stop();
    await open();
    [deal] = unused as [Deal];
    const { company } = simulators.businessCentral;
    for (const { account } of unused) addCustomer(account.number, account.name);
    before = { customers: company.count('customers'), items: company.count('items'), missingItems: [missingItem] };
  });

  function shared(change: () => void): Finding['kind'][] {
    const known = unused.map((one) => ({ ...one, account: { ...one.account, isInBusinessCentral: true } }));
    change();
    return examineMasters(known, openBooks(simulators, postings), before).map(({ kind }) => kind);
  }

  it('is right when nothing was added', () => expect(shared(() => undefined)).toEqual([]));

  it('has a customer or an item too many', () => {
    const { company } = simulators.businessCentral;
    expect(shared(() => company.insert('customers', { number: 'TWICE' }))).toEqual(['doubled']);
    expect(shared(() => company.insert('items', { number: 'TWICE' }))).toEqual(['doubled', 'doubled']);
  });

  it('has a customer too few, where an account is new to Business Central', () => {
    const fresh = { ...deal, account: { ...deal.account, number: 'FRESH', isInBusinessCentral: false } };
    const kinds = examineMasters([fresh], openBooks(simulators, postings), before).map(({ kind }) => kind);
    expect(kinds).toEqual(['lost', 'lost']);
  });

  it.each(['F'.repeat(32), 'SOMETHING', ''])('has a document under %o, which is no deal', (key) => {
    const known = documentIds(openBooks(simulators, postings));
    handOver();
    expect(findStrayDocuments(unused, openBooks(simulators, postings), known)).toEqual([]);
    draftInvoice(deal, { key });
    const kinds = findStrayDocuments(unused, openBooks(simulators, postings), known).map(({ kind }) => kind);
    expect(kinds).toEqual(['doubled']);
  });

  it('has two subscriptions of one resource, or none at all', () => {
    const { subscriptions } = simulators.businessCentral;
    const found = () => findDoubledSubscriptions(openBooks(simulators, postings)).map(({ kind }) => kind);
    expect(found()).toEqual(['lost']);
    const row = { resource: 'salesInvoices', notificationUrl: 'http://receiver', expirationDateTime: '9999-01-01' };
    for (const [id, expected] of [
      ['1', []],
      ['2', ['doubled']],
    ] as const) {
      subscriptions.rows.set(id, { ...row, subscriptionId: id });
      expect(found()).toEqual(expected);
    }
  });

  it('has a row without an invoice', () => {
    const rows = new Set(openBooks(simulators, postings).rows.keys());
    const { store } = simulators.dataverse;
    store.insert(store.schema.table('invoice'), { invoicenumber: 'NO-SUCH', totalamount: '1.00' });
    expect(findStrayRows(openBooks(simulators, postings), rows).map(({ kind }) => kind)).toEqual(['doubled']);
  });
});

it('each kind of finding is counted by deals, not by how often a deal has it', () => {
  for (const kind of FINDING_KINDS) {
    const finding = { kind, text: 'planted' };
    const wrong = countWrong([
      { records: [], findings: [finding, finding] },
      { records: [], findings: [finding] },
      { records: [], findings: [] },
    ]);
    expect(wrong).toEqual({ ...Object.fromEntries(FINDING_KINDS.map((name) => [name, 0])), [kind]: 2 });
  }
});
