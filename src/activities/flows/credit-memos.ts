import { type BusinessCentralClient, ITEMS_PER_REQUEST } from '../../clients/business-central/client.js';
import type { CreditMemo } from '../../clients/business-central/flows.js';
import type { DataverseClient, DataverseInvoiceChange } from '../../clients/dataverse/client.js';
import type { DataverseFlows } from '../../clients/dataverse/flows.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import { InternalError } from '../../deal/errors.js';
import { add, isZero } from '../../deal/money.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { FlowValues, FoundThing } from '../../ledger/feeds/flows.js';
import type { FlowRules } from '../../mapping/rules/flows-file.js';
import { toStage } from '../deals/write-back.js';
import { undefinedIfRefused } from '../documents/posted-state.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { fitColumns } from './columns.js';
import { type Flow, toNote } from './flow.js';
import { collectStamped, type StampedDependencies } from './stamped-flow.js';

/** Posted credit memos: columns of the row of the one invoice that they correct. */

export type CreditMemoDependencies = StampedDependencies & {
  readonly businessCentral: Pick<BusinessCentralClient, 'readChangedCreditMemos' | 'findPostedCreditMemos'>;
  readonly dataverse: Pick<DataverseClient, 'findInvoice' | 'updateInvoice'>;
  readonly dataverseFlows: Pick<DataverseFlows, 'findColumn'>;
  readonly ledger: Pick<DealLedger, 'getInvoice' | 'findWriteBack'>;
  /** In which dates are meant. */
  readonly timeZone: string;
};

const OPEN = 'Open';
const NOT_POSTED: ReadonlySet<string> = new Set(['Draft', 'In_x0020_Review']);
/** A corrective invoice takes it back: the customer owes what it was for again. */
const CANCELLED = 'Canceled';

export function createCreditMemoFlow(
  dependencies: CreditMemoDependencies,
  rule: NonNullable<FlowRules['creditMemos']>,
): Flow {
  const { businessCentral, dataverse, dataverseFlows, flows, ledger, timeZone } = dependencies;
  const name = 'creditMemos';

  /**
   * A released draft is as open as a posted one, and no list tells them apart as one of invoices does; entries in the general
   * ledger do (reference/business-central 4.5). Who may not read those takes what is open for posted.
   */
  async function findReleased(memos: readonly CreditMemo[]): Promise<ReadonlySet<string>> {
    const open = memos.filter(({ status, invoiceNumber }) => status === OPEN && invoiceNumber !== '');
    const released = new Set(open.map(({ number }) => number));
    for (let at = 0; at < open.length; at += ITEMS_PER_REQUEST) {
      const numbers = open.slice(at, at + ITEMS_PER_REQUEST).map(({ number }) => number);
      const posted = await toTemporalFailures(() =>
        undefinedIfRefused(() => businessCentral.findPostedCreditMemos(numbers)),
      );
      for (const number of posted ?? numbers) released.delete(number);
    }
    return released;
  }

  async function toThings(memos: readonly CreditMemo[]): Promise<FoundThing[]> {
    const released = await findReleased(memos);
    const rows = await flows.findInvoiceRows(memos.flatMap(({ invoiceNumber }) => invoiceNumber || []));
    const accounts = await flows.findLinkedRows(
      'customer',
      memos.flatMap(({ customerId }) => customerId ?? []),
    );
    return memos.map((memo): FoundThing => {
      const { id: sourceId, etag, number, date, includingTax: amount, currency, invoiceNumber, status } = memo;
      const row = rows.get(invoiceNumber);
      const values = { number, date, amount, currency, status, ...(row && { invoiceId: row.invoiceId }) };
      const thing = { sourceId, etag, values };
      // One of nothing may only take the number of a draft that was deleted (reference/business-central 11.3).
      if (NOT_POSTED.has(status) || released.has(number) || isZero(amount))
        return { ...thing, found: { skipped: 'draft' } };
      if (row) return { ...thing, recordId: row.recordId, targetId: row.salesInvoiceId, found: 'pending' };
      if (invoiceNumber !== '') return { ...thing, found: { skipped: 'no-deal', awaits: invoiceNumber } };
      const isOurs = memo.customerId !== undefined && accounts.has(memo.customerId);
      if (!isOurs) return { ...thing, found: { skipped: 'no-deal' } };
      const remark = `credit memo ${number} of customer ${memo.customerNumber} names no single invoice`;
      return { ...thing, found: { noted: 'several-invoices', remark } };
    });
  }

  /** Finance may correct an invoice before its row in Sales is written, or while it cannot be. */
  async function findAfterwards(): Promise<FoundThing[]> {
    const memos = await flows.listFoundAfterwards(name, 'invoice');
    const rows = await flows.findInvoiceRows(memos.map(({ awaits }) => awaits));
    return memos.flatMap(({ awaits, values, ...memo }): FoundThing[] => {
      const row = rows.get(awaits);
      if (!row) return [];
      const { invoiceId, recordId, salesInvoiceId: targetId } = row;
      return [{ ...memo, recordId, targetId, values: { ...values, invoiceId }, found: 'pending' }];
    });
  }

  /** A row that is paid or cancelled takes no columns: it is set back to Billed, written, and set on again (reference/dataverse-sales 3.9). */
  async function writeRow(salesInvoiceId: string, invoiceId: string, columns: Readonly<Record<string, unknown>>) {
    const row = await dataverse.findInvoice(salesInvoiceId);
    if (!row) throw new RemoteApiError('dataverse', 'not-found', 'write the invoice row', { rowOf: 'invoices' });
    // One that is Billed may have been left so by an attempt that died: then the ledger knows how it was.
    const reported = row.stage === 'billed' ? (await ledger.findWriteBack(invoiceId))?.reportedToSales : undefined;
    const stage = reported ? toStage(reported) : row.stage;
    const changes: DataverseInvoiceChange[] = [
      ...(row.stage === 'billed' ? [] : [{ stage: 'billed' as const }]),
      { columns },
      ...(stage === 'billed' ? [] : [{ stage }]),
    ];
    let receipt: { readonly etag: string; readonly requestId?: string; readonly correlationId?: string } = row;
    // Whoever touches the row in between makes this a conflict, and all of it is looked at again.
    for (const change of changes)
      receipt = await dataverse.updateInvoice(salesInvoiceId, receipt.etag, change, REPEATABLE);
    return receipt;
  }

  return {
    name,
    everyMinutes: rule.everyMinutes,
    from: rule.from,
    batchSize: 20,
    collect: (place) =>
      collectStamped(
        dependencies,
        { name, from: rule.from },
        place,
        (since, pageSize) => businessCentral.readChangedCreditMemos(since, pageSize),
        toThings,
        findAfterwards,
      ),

    async carry({ recordId, targetId, values }) {
      const { invoiceId } = values;
      if (recordId === undefined || targetId === undefined || invoiceId === undefined)
        throw new InternalError('the credit memo has no invoice row');
      const { currency } = await ledger.getInvoice(invoiceId);
      if (currency !== values['currency'])
        return toNote('other-currency', `the credit memo is in ${values['currency']}, the invoice in ${currency}`);
      const memos = (await flows.listOfTarget(name, targetId)).map((one) => one.values);
      const { number, amount, date } = toTotals(memos.filter(({ status }) => status !== CANCELLED));
      const fitted = await fitColumns(dataverseFlows, 'invoice', [
        [rule.columns.number, { kind: 'text', text: number }],
        [rule.columns.amount, { kind: 'amount', text: amount }],
        [rule.columns.date, { kind: 'date', text: date, timeZone }],
      ]);
      if ('unfit' in fitted) return toNote('column-unfit', fitted.unfit);
      const { requestId, correlationId } = await toTemporalFailures(() =>
        writeRow(targetId, invoiceId, fitted.columns),
      );
      const action = 'write the credit memo on the invoice row in Sales' as const;
      const audit = { recordId, actor: 'dealbridge', action, requestId, correlationId };
      return { state: 'carried', audit: { ...audit, facts: { invoiceId }, after: { number, amount, date } } };
    },
  };
}

/** Of all credit memos of an invoice; empty without any. */
function toTotals(memos: readonly FlowValues[]) {
  if (memos.length === 0) return { number: '', amount: '', date: '' };
  const inOrder = [...memos].sort((a, b) => (a['number'] ?? '').localeCompare(b['number'] ?? ''));
  return {
    number: inOrder.map((memo) => memo['number']).join(', '),
    amount: add(...inOrder.map((memo) => memo['amount'] ?? '0')),
    // Dates as text are in order.
    date:
      inOrder
        .map((memo) => memo['date'] ?? '')
        .sort()
        .at(-1) ?? '',
  };
}
