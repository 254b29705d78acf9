import { z } from 'zod';
import { isSame } from '../../deal/money.js';
import { isDatabase, type Queryable } from '../database.js';
import { invoiceContent, orderContent, quoteContent } from '../deals/document-schema.js';
import { hashDocument, type RecordedFacts, recordedFacts } from '../deals/recorded-facts.js';
import { ENDED_IN_SALES, recordRow, type SourceRecord, toRecord } from '../deals/records.js';
import { paymentStatusContent } from '../deals/write-backs.js';
import {
  countColumn,
  nullable,
  type RowOf,
  rowsOf,
  selectRows,
  textColumn,
  UnreadableContentError,
} from '../read-rows.js';
import { stored } from '../stored-content.js';
import type { Finding } from './chain.js';

/** Compares state, amounts, numbers and documents of each deal with what its trail says. docs/audit.md tells what is compared. */

const PAGE = 200;

const idRow = rowsOf('source_records', ['record_id'], { record_id: textColumn });
const entryRow = rowsOf('audit_entries', ['record_id', 'position'], {
  record_id: textColumn,
  position: countColumn,
  actor: textColumn,
  action: textColumn,
  ledger: nullable(recordedFacts),
});
const KEY = { document_id: textColumn, record_id: textColumn };
const documentRow = {
  table: 'documents',
  key: ['document_id'],
  schema: z.discriminatedUnion('kind', [
    z.object({
      ...KEY,
      kind: z.literal('invoice'),
      content: stored(invoiceContent),
      own_content: nullable(stored(invoiceContent)),
    }),
    z.object({
      ...KEY,
      kind: z.literal('order'),
      content: stored(orderContent),
      own_content: nullable(stored(orderContent)),
    }),
    z.object({
      ...KEY,
      kind: z.literal('quote'),
      content: stored(quoteContent),
      own_content: nullable(stored(quoteContent)),
    }),
  ]),
};
const writeBackRow = rowsOf('write_backs', ['invoice_id'], {
  invoice_id: textColumn,
  record_id: textColumn,
  sales_invoice_id: textColumn,
  reported_to_sales: stored(paymentStatusContent),
});
const revisionRow = rowsOf('deal_revisions', ['record_id', 'revision'], {
  record_id: textColumn,
  revision: textColumn,
  total: nullable(textColumn),
  currency: nullable(textColumn),
});

type Entry = RowOf<typeof entryRow>;
type Document = RowOf<typeof documentRow>;
type WriteBack = RowOf<typeof writeBackRow>;
type Revision = RowOf<typeof revisionRow>;

/** The first thing of each deal that is not as its trail says. */
export async function* findFalseDeals(db: Queryable, recordId: string | undefined): AsyncGenerator<Finding> {
  for (let after: string | null = null; ; ) {
    // Also those that only the trail knows: a deal may have been deleted.
    const rows: readonly RowOf<typeof idRow>[] = await selectRows(
      db,
      idRow,
      `SELECT record_id FROM (
         SELECT record_id FROM source_records UNION
         SELECT record_id FROM audit_entries WHERE facts -> 'ledger' ? 'draft') AS known
       WHERE ($1::uuid IS NULL OR record_id = $1) AND ($2::uuid IS NULL OR record_id > $2) ORDER BY record_id LIMIT $3`,
      [recordId ?? null, after, PAGE],
    );
    const ids = rows.map(({ record_id }) => record_id);
    yield* await findFalseOf(db, ids);
    if (ids.length < PAGE) return;
    after = ids.at(-1) ?? null;
  }
}

/** A row that nobody of ours wrote hides no other deal: those of its page are compared one by one. */
async function findFalseOf(db: Queryable, ids: readonly string[]): Promise<Finding[]> {
  try {
    return await atOneMoment(db, (tx) => compareDeals(tx, ids));
  } catch (error) {
    if (!(error instanceof UnreadableContentError)) throw error;
    const [only, ...others] = ids;
    if (only === undefined || others.length === 0)
      return [{ kind: 'ledger', chain: only ?? error.row, position: 0, text: error.message }];
    const findings: Finding[] = [];
    for (const id of ids) findings.push(...(await findFalseOf(db, [id])));
    return findings;
  }
}

/** A deal that goes on meanwhile is not taken for a false one. */
function atOneMoment<T>(db: Queryable, work: (tx: Queryable) => Promise<T>): Promise<T> {
  if (!isDatabase(db)) return work(db);
  return db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    return work(tx);
  });
}

async function compareDeals(db: Queryable, ids: readonly string[]): Promise<Finding[]> {
  const page = [ids];
  const records = await selectRows(db, recordRow, 'SELECT * FROM source_records WHERE record_id = ANY($1)', page);
  const entries = await selectRows(
    db,
    entryRow,
    `SELECT record_id, chain_position AS position, actor, action, facts -> 'ledger' AS ledger FROM audit_entries
     WHERE record_id = ANY($1) ORDER BY record_id, chain_position`,
    page,
  );
  const documents = await selectRows(
    db,
    documentRow,
    'SELECT document_id, record_id, kind, content, own_content FROM documents WHERE record_id = ANY($1)',
    page,
  );
  const writeBacks = await selectRows(
    db,
    writeBackRow,
    'SELECT invoice_id, record_id, sales_invoice_id, reported_to_sales FROM write_backs WHERE record_id = ANY($1)',
    page,
  );
  const revisions = await selectRows(
    db,
    revisionRow,
    `SELECT v.record_id, v.revision, v.deal ->> 'total' AS total, v.deal ->> 'currency' AS currency
     FROM deal_revisions v JOIN source_records r ON r.record_id = v.record_id AND r.revision = v.revision
     WHERE v.record_id = ANY($1)`,
    page,
  );
  return ids.flatMap((record_id): Finding[] => {
    const isOf = (row: { readonly record_id: string }): boolean => row.record_id === record_id;
    const row = records.find(isOf);
    const trail = toTrailFacts(entries.filter(isOf));
    const problem = findProblem(row && toRecord(row), trail, {
      documents: documents.filter(isOf),
      writeBacks: writeBacks.filter(isOf),
      revision: revisions.find(isOf),
    });
    return problem === undefined
      ? []
      : [{ kind: 'ledger', chain: record_id, position: trail.lastPosition, text: problem }];
  });
}

/** What the trail says that the ledger should hold. */
interface TrailFacts {
  lastPosition: number;
  draft: RecordedFacts['draft'];
  customerNumber: string | undefined;
  isPosted: boolean;
  isConfirmed: boolean;
  /** By whom it was ended here, and how; a replay makes it void. */
  end: { readonly state: string; readonly actor: string } | undefined;
  readonly own: Map<string, string>;
  readonly reports: Map<string, NonNullable<RecordedFacts['reported']>>;
}

function toTrailFacts(entries: readonly Entry[]): TrailFacts {
  const trail: TrailFacts = {
    lastPosition: 0,
    draft: undefined,
    customerNumber: undefined,
    isPosted: false,
    isConfirmed: false,
    end: undefined,
    own: new Map(),
    reports: new Map(),
  };
  for (const { position, action, actor, ledger } of entries) {
    trail.lastPosition = position;
    if (action === 'confirm') trail.isConfirmed = true;
    if (action === 'confirmation is void') trail.isConfirmed = false;
    if (action === 'rejected' || action === 'cancelled') trail.end = { state: action, actor };
    if (action === 'replay') trail.end = undefined;
    if (!ledger) continue;
    if (ledger.draft) trail.draft = ledger.draft;
    if (ledger.customerNumber !== undefined) trail.customerNumber = ledger.customerNumber;
    if (ledger.isPosted) trail.isPosted = true;
    if (ledger.isDraftGone) trail.isPosted = false;
    if (ledger.own) trail.own.set(ledger.own.documentId, ledger.own.hash);
    if (ledger.reported) trail.reports.set(ledger.reported.invoiceId, ledger.reported);
  }
  return trail;
}

interface Held {
  readonly documents: readonly Document[];
  readonly writeBacks: readonly WriteBack[];
  readonly revision: Revision | undefined;
}

function findProblem(record: SourceRecord | undefined, trail: TrailFacts, held: Held): string | undefined {
  if (!record) return 'the trail tells of a draft, and the ledger holds no such record';
  return (
    findFalseState(record, trail) ??
    findFalseDraft(record, trail) ??
    findFalseAmount(record, trail, held.revision) ??
    findFalseDocument(trail, held.documents) ??
    findFalseReport(trail, held) ??
    findFalseNumbers(record, trail)
  );
}

function findFalseState(record: SourceRecord, { draft, isPosted, isConfirmed, end }: TrailFacts): string | undefined {
  const { state, endedBy, isHandedOver } = record;
  const is = `the ledger says '${state}'`;
  if (isHandedOver && !draft) return `${is} and handed over, the trail tells of no draft`;
  if (isPosted && !isHandedOver) return `${is} and not handed over, the trail tells of a posting`;
  if (state === 'confirmed' && !isConfirmed) return `${is}, the trail tells of no confirmation`;
  const isEndedHere = state === 'rejected' || (state === 'cancelled' && endedBy !== ENDED_IN_SALES);
  if (isEndedHere && (end?.state !== state || end.actor !== endedBy)) {
    return `${is} by ${endedBy ?? 'nobody'}, the trail tells of ${end ? `'${end.state}' by ${end.actor}` : 'no such decision'}`;
  }
  if (end?.state === 'rejected' && isHandedOver && !isPosted) return `${is}, the trail tells that it was rejected`;
  return undefined;
}

function findFalseDraft(record: SourceRecord, { draft, customerNumber }: TrailFacts): string | undefined {
  if (!draft) {
    return record.documentId === undefined ? undefined : `document ${record.documentId}: the trail tells of none`;
  }
  const facts = [
    ['document', record.documentId, draft.documentId],
    ['kind of document', record.documentKind, draft.kind],
    ['number of the draft', record.draftNumber, draft.number],
    ['customer', record.customerNumber, customerNumber],
  ] as const;
  for (const [what, found, expected] of facts) {
    if (found !== expected) return toDifference(what, found, expected);
  }
  return record.draftVersion < draft.version
    ? toDifference('version of the draft', String(record.draftVersion), String(draft.version))
    : undefined;
}

function findFalseAmount(
  record: SourceRecord,
  { draft }: TrailFacts,
  revision: Revision | undefined,
): string | undefined {
  // A later revision has figures of its own, which the trail has not before a draft is made of them.
  const isRecorded = draft?.revision !== undefined && draft.revision === record.revision;
  const expected = [
    ...(isRecorded ? [{ amount: draft.amount, currency: draft.currency }] : []),
    ...(revision ? [{ amount: revision.total, currency: revision.currency }] : []),
  ];
  for (const { amount, currency } of expected) {
    if (!isSameAmount(record.amount, amount)) return toDifference('amount', record.amount, amount);
    if (record.currency !== currency) return toDifference('currency', record.currency, currency);
  }
  return undefined;
}

function findFalseDocument({ own }: TrailFacts, documents: readonly Document[]): string | undefined {
  for (const { document_id: id, own_content: content } of documents) {
    const expected = own.get(id);
    if (content && expected === undefined) return `document ${id}: the trail does not tell that we wrote it`;
    if (content && hashDocument(content) !== expected) return `document ${id} is not what we wrote by the trail`;
    if (!content && expected !== undefined) return `document ${id}: what we wrote is gone`;
  }
  const missing = [...own.keys()].find((id) => !documents.some((document) => document.document_id === id));
  return missing === undefined ? undefined : `document ${missing} is missing`;
}

function findFalseReport({ reports }: TrailFacts, { writeBacks, documents }: Held): string | undefined {
  for (const { invoice_id: id, sales_invoice_id, reported_to_sales: found } of writeBacks) {
    const expected = reports.get(id);
    if (!expected) return `invoice ${id}: the trail does not tell that it was reported to Sales`;
    const { number, total, remaining, status, dueDate } = expected.reportedToSales;
    const isReported =
      sales_invoice_id === expected.salesInvoiceId &&
      number === found.number &&
      status === found.status &&
      dueDate === found.dueDate &&
      isSame(total, found.total) &&
      isSame(remaining, found.remaining);
    if (!isReported) return `invoice ${id}: the ledger says that Sales was told otherwise than it was`;
  }
  // A posted invoice keeps number and amount for ever.
  for (const { invoiceId, reportedToSales: expected } of reports.values()) {
    const invoice = documents.find((document) => document.document_id === invoiceId);
    if (!invoice) return `invoice ${invoiceId} is missing`;
    const { number, includingTax } = invoice.content;
    if (number !== expected.number) return toDifference(`number of invoice ${invoiceId}`, number, expected.number);
    if (!isSame(includingTax, expected.total)) {
      return toDifference(`amount of invoice ${invoiceId}`, includingTax, expected.total);
    }
  }
  return undefined;
}

/** Every invoice that was reported is named; of an order further ones may just have been read. */
function findFalseNumbers(record: SourceRecord, { reports }: TrailFacts): string | undefined {
  const expected = [...reports.values()].map(({ reportedToSales }) => reportedToSales.number).sort();
  const found = (record.invoiceNumber ?? '').split(', ').filter((number) => number !== '');
  const isNamed = expected.every((number) => found.includes(number));
  const isTooMany = record.documentKind === 'invoice' && expected.length > 0 && found.length > expected.length;
  return isNamed && !isTooMany ? undefined : toDifference('invoices', found.join(', '), expected.join(', '));
}

function isSameAmount(left: string | undefined, right: string | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return isSame(left, right);
}

function toDifference(what: string, found: string | undefined, expected: string | undefined): string {
  return `${what}: the ledger says '${found ?? 'nothing'}', the trail '${expected ?? 'nothing'}'`;
}
