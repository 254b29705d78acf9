import type { DealAction, MasterAction, RemoteWrite, SystemAction } from '../../deal/audit-actions.js';
import type { StoredAuditEntry } from '../../ledger/audit/audit.js';

/** What the trail of a deal says was done, in words that follow a name: «Ann confirmed the figures». */

const WRITE_WORDS: Readonly<Record<RemoteWrite, string>> = {
  'create customer in Business Central': 'created the customer in Business Central',
  'create contact in Business Central': 'created the contact in Business Central',
  'create item in Business Central': 'created an item in Business Central',
  'create unit in Business Central': 'created a unit of measure in Business Central',
  'change customer in Business Central': 'changed the customer in Business Central',
  'change contact in Business Central': 'changed the contact in Business Central',
  'change item in Business Central': 'changed an item in Business Central',
  'change account in Sales': 'changed the account in Sales',
  'change contact in Sales': 'changed the contact in Sales',
  'change product in Sales': 'changed a product in Sales',
  'create draft invoice in Business Central': 'made the draft in Business Central',
  'create order in Business Central': 'made the order in Business Central',
  'create quote in Business Central': 'made the quote in Business Central',
  'set invoice discount in Business Central': 'set the discount of the draft',
  'set order discount in Business Central': 'set the discount of the order',
  'set quote discount in Business Central': 'set the discount of the quote',
  'delete draft invoice in Business Central': 'deleted the draft',
  'delete order in Business Central': 'deleted the order',
  'delete quote in Business Central': 'deleted the quote',
  'post invoice in Business Central': 'posted the invoice',
  'ship and invoice order in Business Central': 'shipped and invoiced the order',
  'make order of quote in Business Central': 'had the quote made an order',
  'make invoice of quote in Business Central': 'had the quote made an invoice',
  'attach a file to the document in Business Central': 'attached a file to the document in Business Central',
  'create invoice row in Sales': 'wrote the invoice back to Sales',
  'set the order in Sales to invoiced': 'set the order in Sales to invoiced',
  'write a note in Sales': 'wrote a note for the seller in Sales',
  'write a note of the shipment in Sales': 'wrote a note of the shipment in Sales',
  'write a note of the shipment in Sales: undone': 'wrote a note in Sales that the shipment was undone',
  'write the invoice as PDF in Sales': 'attached the invoice as PDF in Sales',
};

const ACTION_WORDS: Readonly<Record<DealAction | MasterAction | SystemAction, string>> = {
  'start a deal': 'started the deal by hand',
  'note a deal': 'wrote a note',
  'assign a deal': 'gave the deal to somebody',
  confirm: 'confirmed the figures',
  'confirm as one of several': 'confirmed the figures, as one of several who have to',
  'confirmation is void': 'had confirmed; that counts no more',
  rejected: 'rejected the deal',
  cancelled: 'cancelled the deal',
  retry: 'asked to go on',
  replay: 'asked to run the deal again',
  hold: 'stopped, because something has to be repaired',
  notice: 'noticed something',
  'quote became order in Business Central': 'found the order that the quote became',
  'quote became invoice in Business Central': 'found the invoice that the quote became',
  'posted otherwise than confirmed': 'found the document posted otherwise than it was confirmed',
  'posted after a prepayment': 'found that the invoice takes off what a prepayment invoice had billed before',
  'posted with invoice rounding': 'found that Business Central had rounded the invoice when it was posted',
  'report the invoice to Sales': 'told Sales how far the invoice is paid',
  'write columns of the opportunity in Sales': 'wrote the result into the opportunity in Sales',
  'write the credit memo on the invoice row in Sales': 'wrote the credit memo on the invoice in Sales',
  'write the shipment on the order in Sales': 'wrote the shipment on the order in Sales',
  'tell the seller': 'told the seller in Sales how the deal stands',
  'the seller cannot be told': 'could not tell the seller: Sales takes no note',
  'the column for the seller takes nothing': 'wrote the seller a note, because the column in Sales takes nothing',
  'run was gone, started again': 'started the run again, which was gone',
  'found by the count': 'found the deal in the nightly count',
  'erase personal content': 'erased personal content',
  'link customer by its number': 'found the customer in Business Central by its number',
  'link contact by its number': 'found the contact in Business Central by its number',
  'link item by its number': 'found the item in Business Central by its number',
  'match account to customer': 'decided which customer the account is',
  'decide that the account is a new customer': 'decided that the account is a new customer',
  'move link to the survivor of a merge': 'moved the link to the account that survived a merge',
  'delete account in Sales': 'deleted the account',
  'delete contact in Sales': 'deleted the contact',
  'delete product in Sales': 'deleted the product',
  'write the figures of the customer on the account in Sales':
    'wrote the figures of the customer on the account in Sales',
  'write stock and price of the item on the product in Sales':
    'wrote stock and price of the item on the product in Sales',
  'sign in': 'signed in',
  'configuration changed': 'started with other settings or rules',
  'environment registered': 'registered an environment',
  'environment accepted': 'accepted an environment',
  'set credential': 'set a credential',
  'forget credential': 'took a credential away',
  'rotate credentials': 'sealed the credentials with another key',
  'prune the ledger': 'pruned the ledger',
  'restored the ledger': 'marked the ledger as restored',
  'the restored ledger is complete': 'declared the restored ledger complete',
  'switch a feed': 'switched a feed',
  'retry master data': 'asked to try master data again',
  'match accounts': 'had accounts matched',
  'decide matches': 'decided matches of accounts',
  'repair drift': 'had drift repaired',
  'connect the systems': 'connected the systems',
};

const ALL_WORDS: Readonly<Record<string, string>> = { ...WRITE_WORDS, ...ACTION_WORDS };
const NO_ANSWER = ': outcome unknown';

/** Who did it, and what, as one sentence. */
export function toSentence({ actor, action, facts }: Pick<StoredAuditEntry, 'actor' | 'action' | 'facts'>): {
  readonly who: string;
  readonly what: string;
} {
  const who = actor === 'dealbridge' ? 'Dealbridge' : actor === 'rule' ? 'The rule' : actor;
  return { who, what: toOwnWords(actor, action, facts ?? {}) ?? toWords(action) };
}

/** One action that several things are. */
function toOwnWords(actor: string, action: string, facts: Readonly<Record<string, unknown>>): string | undefined {
  // Of several people some had confirmed: Dealbridge itself confirms nothing.
  if (action === 'confirmation is void' && actor === 'dealbridge')
    return 'found that the confirmations so far count no more';
  if (action === 'assign a deal' && facts['to'] === '') return 'gave the deal back, to whoever takes it';
  if (action !== 'assign a deal' || typeof facts['to'] !== 'string') return undefined;
  return facts['to'] === actor ? 'takes care of the deal' : `gave the deal to ${facts['to']}`;
}

/** An entry of another version of the product may say what this one has no words for. */
function toWords(action: string): string {
  if (action.endsWith(NO_ANSWER)) {
    return `heard no answer, and does not know yet whether it ${toWords(action.slice(0, -NO_ANSWER.length))}`;
  }
  return ALL_WORDS[action] ?? action;
}
