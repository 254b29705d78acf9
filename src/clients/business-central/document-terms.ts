import { createHash } from 'node:crypto';
import type { Terms } from '../../deal/document-terms.js';
import type { DocumentLineRow, DocumentTermsRow } from './rows.js';

/** The terms of a document and of its lines, under our names (reference/business-central 2.8, 2.9). */

type HeaderRow = DocumentTermsRow & {
  readonly dueDate?: string | undefined;
  readonly validUntilDate?: string | undefined;
};

export function toHeaderTerms(row: HeaderRow): Terms {
  return withoutUnread({
    reference: toFingerprint([row.customerPurchaseOrderReference]),
    paymentTerms: row.paymentTermsId,
    shipmentMethod: row.shipmentMethodId,
    salesperson: row.salesperson,
    shipTo: toFingerprint([row.shipToName, row.shipToContact, ...addressOf(row, 'shipTo')]),
    sellTo: toFingerprint(addressOf(row, 'sellTo')),
    contact: toFingerprint([row.phoneNumber, row.email]),
    dimension1: row.shortcutDimension1Code,
    dimension2: row.shortcutDimension2Code,
    partialShipping: row.partialShipping === undefined ? undefined : row.partialShipping ? 'yes' : 'no',
    documentDate: row.invoiceDate ?? row.orderDate ?? row.documentDate,
    dueDate: row.dueDate,
    validUntil: row.validUntilDate,
    requestedDelivery: row.requestedDeliveryDate,
  });
}

export function toLineTerms(row: DocumentLineRow): Terms {
  return withoutUnread({
    variant: row.itemVariantId,
    taxGroup: row.taxCode,
    location: row.locationId,
    shipmentDate: row.shipmentDate,
    text2: toFingerprint([row.description2]),
  });
}

function addressOf(row: DocumentTermsRow, side: 'shipTo' | 'sellTo'): (string | undefined)[] {
  return [
    row[`${side}AddressLine1`],
    row[`${side}AddressLine2`],
    row[`${side}City`],
    row[`${side}State`],
    row[`${side}PostCode`],
    row[`${side}Country`],
  ];
}

/** What people typed, where they are and how they are reached is not kept, only whether it is the same. */
function toFingerprint(values: readonly (string | undefined)[]): string | undefined {
  if (values.every((value) => value === undefined)) return undefined;
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16);
}

function withoutUnread(terms: Readonly<Record<string, string | undefined>>): Terms {
  return Object.fromEntries(
    Object.entries(terms).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
}
