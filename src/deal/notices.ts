/** What happened to a deal that nobody has to clear: it is shown with the deal, and the seller reads it in Sales. */
export const NOTICES = {
  'changed-after-confirmation':
    'The record changed after its document was confirmed. The document in Business Central stays as it was confirmed.',
  'ended-after-confirmation':
    'The record was cancelled or reopened after its document was confirmed. The document in Business Central stays: cancel it there if it is not wanted.',
  'deleted-after-confirmation':
    'The record was deleted in Sales after its document was confirmed. The document in Business Central stays.',
  'handed-over-otherwise':
    'Another record of this deal was handed over to Business Central already, with other figures. Nothing more is invoiced until somebody decides.',
  'differs-as-allowed': 'Record and draft differ, and the rules let that pass: the audit trail names the difference.',
  'posted-by-hand': 'The draft was posted in Business Central by hand, without a confirmation here.',
  'posted-otherwise':
    'What was posted in Business Central is not what was confirmed here: the audit trail names the differences. Check the invoice, and correct it there.',
  'posted-with-rounding':
    'Business Central added a line of invoice rounding when it posted what was confirmed: the audit trail names it.',
  'posted-after-prepayment':
    'A prepayment invoice billed a part of this order before, and what was posted takes that off: in sum it is what was confirmed. The audit trail names the amounts.',
  'invoice-cancelled': 'The invoice was cancelled in Business Central, or credited in full.',
  'invoice-corrected': 'The invoice corrects a credit memo in Business Central.',
  'invoice-gone':
    'The posted invoice is not in Business Central any more. Its row in Sales stays as it was reported last: ask in accounting what became of the invoice.',
  'other-invoice':
    'Another invoice in Business Central carries the External Document No. of this deal: one that was corrected, a copy or a prepayment. It has no row in Sales and counts for nothing here: ask in accounting what it is for.',
  'signal-ignored': 'A signal was ignored, because it does not fit or nobody waits for it; nothing was decided by it.',
} as const;
export type NoticeKind = keyof typeof NOTICES;

/** One notice of a kind for each revision, invoice or kind of signal that it is about. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly subject: string;
}
