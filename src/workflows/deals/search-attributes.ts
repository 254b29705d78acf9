import { defineSearchAttributeKey } from '@temporalio/common';

/** Plain text on the server: states, numbers and amounts only, no personal data (I7). */
export const SEARCH_ATTRIBUTES = {
  state: defineSearchAttributeKey('DealState', 'KEYWORD'),
  holdReason: defineSearchAttributeKey('DealHoldReason', 'KEYWORD'),
  sourceTable: defineSearchAttributeKey('DealSourceTable', 'KEYWORD'),
  customerNumber: defineSearchAttributeKey('DealCustomerNumber', 'KEYWORD'),
  invoiceNumber: defineSearchAttributeKey('DealInvoiceNumber', 'KEYWORD'),
  amount: defineSearchAttributeKey('DealAmount', 'DOUBLE'),
} as const;
