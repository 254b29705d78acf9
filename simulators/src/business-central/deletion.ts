import { randomUUID } from 'node:crypto';
import { entityOf } from './entities.js';
import { dialog } from './errors.js';
import { keepDocument } from './headers.js';
import { KINDS } from './kinds.js';
import type { Company, DocumentLine, Row, SalesDocument } from './store.js';
import { computeTotals } from './totals.js';
import { emptyRow, NO_DATE } from './values.js';

/**
 * Posted ones are kept by law; a draft whose posting number was drawn leaves a placeholder (reference/business-central 4.6
 * and 11.3).
 */
export function deleteDocument(company: Company, document: SalesDocument): void {
  const { set, table } = KINDS[document.kind];
  const id = String(document.row['id']);
  if (document.isPosted) {
    const before = company.setup.allowDocumentDeletionBefore;
    if (before === NO_DATE) {
      throw dialog(
        'The date Allow Document Deletion Before must be set on the page Sales & Receivables Setup before deleting sales documents.',
      );
    }
    if (String(document.row['postingDate']) >= before) {
      throw dialog(`You cannot delete posted sales documents that are posted after ${before}.`);
    }
  }
  if (document.lines.some((line) => Number(line['shippedQuantity'] ?? 0) > Number(line['invoicedQuantity'] ?? 0))) {
    throw dialog(`You cannot delete the ${table.toLowerCase()} because it was shipped and not invoiced.`);
  }
  for (const file of [...company.all('documentAttachments')])
    if (file['parentId'] === id) company.remove('documentAttachments', file);
  if (document.kind === 'order') leavePlaceholders(company, document);
  if (document.kind === 'invoice' && hasPostingNumber(company, document)) {
    company.protect(document);
    becomePlaceholder(company, document);
    return;
  }
  company.documents[document.kind].delete(id);
  company.remember(() => company.documents[document.kind].set(id, document));
  company.announce({ set, id, type: 'deleted', at: company.clock.now() });
  if (document.kind === 'invoice' && !document.isPosted) leaveId(company, document);
}

/**
 * An invoice that was posted of an earlier draft of this number takes the id of the draft (SalesInvoiceAggregator.Codeunit.al,
 * TransferRecordIDs, which asks for "Pre-Assigned No." alone).
 */
function leaveId(company: Company, { row }: SalesDocument): void {
  const taker = [...company.invoices.values()].find((one) => one.isPosted && one.preAssignedNumber === row['number']);
  if (!taker) return;
  const before = String(taker.row['id']);
  const id = String(row['id']);
  company.documents.invoice.delete(before);
  company.documents.invoice.set(id, taker);
  taker.row['id'] = id;
  company.remember(() => {
    taker.row['id'] = before;
    company.documents.invoice.set(before, taker);
  });
  company.touch(taker.row, 'salesInvoices', 'updated');
}

/** A draft whose series is that of posted invoices has its posting number from the beginning. */
function hasPostingNumber({ setup }: Company, { isPosted, postingNumber }: SalesDocument): boolean {
  return !isPosted && (postingNumber !== undefined || setup.oneInvoiceSeries);
}

/**
 * So that the series has no gap, a posted invoice without amounts takes the number (PostSalesDelete.Codeunit.al,
 * InitDeleteHeader, DeleteHeader). It has the fields of the draft, and the id too (SalesInvoiceAggregator.Codeunit.al,
 * TransferRecordIDs); no customer ledger entry is open, which is all that Paid means (SalesInvoiceHeader.Table.al, Closed).
 */
function becomePlaceholder(company: Company, invoice: SalesDocument): void {
  const { row } = invoice;
  invoice.isPosted = true;
  invoice.isPlaceholder = true;
  invoice.postedRecordId = randomUUID();
  invoice.manualDiscount = undefined;
  invoice.lines = [placeholderLine(company, 'salesInvoiceLines', String(row['id']))];
  computeTotals(company, invoice);
  Object.assign(row, {
    number: invoice.postingNumber ?? row['number'],
    postingDate: company.clock.today(),
    status: 'Paid',
  });
  company.touch(row, 'salesInvoices', 'updated');
}

/** What an order leaves for the numbers that it has drawn has ids of its own. */
function leavePlaceholders(company: Company, order: SalesDocument): void {
  const { row, postingNumber, shippingNumber } = order;
  const postingDate = company.clock.today();
  if (shippingNumber !== undefined) {
    const shipment = company.insert('salesShipments', {
      ...copyHeader('salesShipments', row),
      id: randomUUID(),
      number: shippingNumber,
      postingDate,
    });
    const line = placeholderLine(company, 'salesShipmentLines', String(shipment['id']));
    company.insert('salesShipmentLines', { ...line, documentNo: shippingNumber, lineType: '_x0020_' });
  }
  if (postingNumber === undefined) return;
  const id = randomUUID();
  const invoice: SalesDocument = {
    ...order,
    kind: 'invoice',
    row: {
      ...copyHeader('salesInvoices', row),
      id,
      number: postingNumber,
      orderId: row['id'],
      orderNumber: row['number'],
    } as Row,
    lines: [],
    dimensions: new Map(),
    isReleased: false,
    isPendingApproval: false,
  };
  becomePlaceholder(company, invoice);
  keepDocument(company, invoice);
}

function copyHeader(set: string, from: Row): Row {
  const entity = entityOf(set);
  const row = emptyRow(entity);
  for (const name of entity.fields.keys()) if (from[name] !== undefined) row[name] = from[name];
  return row;
}

function placeholderLine(company: Company, set: string, documentId: string): DocumentLine {
  const line: DocumentLine = {
    ...emptyRow(entityOf(set)),
    id: randomUUID(),
    documentId,
    sequence: 10_000,
    // Of source code DELETE (CompanyInitialize.Codeunit.al, DocumentCreatedToAvoidGapInNoSeriesTxt).
    description: 'Document created to avoid gap in No. Series',
  };
  company.touch(line);
  return line;
}
