import type { BusinessCentralClient, Invoice } from '../../clients/business-central/client.js';
import { readStatus } from '../../deal/business-central-document.js';
import { add, isLess } from '../../deal/money.js';
import { undefinedIfRefused } from './posted-state.js';

export type CreditMemoList = Pick<BusinessCentralClient, 'findCreditMemosOf' | 'findPostedCreditMemos'>;

/**
 * The invoice with what credit memos have taken off it: what is not open any more need not have been paid, and its status says
 * «Paid» either way (reference/business-central 4.7). Who may not read credit memos takes it for paid.
 */
export async function withCredits(businessCentral: CreditMemoList, invoice: Invoice): Promise<Invoice> {
  const { status, number, currency, includingTax, remaining } = invoice;
  const isOfItself = status === 'Canceled' || status === 'Corrective';
  if (isOfItself || readStatus(status) === 'draft' || !isLess(remaining, includingTax)) return invoice;
  const found = (await undefinedIfRefused(() => businessCentral.findCreditMemosOf(number))) ?? [];
  const memos = found.filter((memo) => memo.currency === currency && memo.status !== 'Canceled');
  const open = memos.filter((memo) => readStatus(memo.status) === 'released-or-posted').map((memo) => memo.number);
  const isAsked = open.length > 0;
  const posted = isAsked ? await undefinedIfRefused(() => businessCentral.findPostedCreditMemos(open)) : undefined;
  const counted = memos.filter((memo) => readStatus(memo.status) === 'posted' || posted?.has(memo.number));
  return counted.length > 0 ? { ...invoice, credited: add(...counted.map((memo) => memo.includingTax)) } : invoice;
}
