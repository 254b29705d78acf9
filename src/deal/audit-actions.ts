/** What an entry of the audit trail says was done; the desk has words for each of them (http/desk/action-words.ts). */

/** Requests that change something in Business Central or Sales, once each. */
export type RemoteWrite =
  | 'create customer in Business Central'
  | 'create contact in Business Central'
  | 'create item in Business Central'
  | 'create unit in Business Central'
  | 'change customer in Business Central'
  | 'change contact in Business Central'
  | 'change item in Business Central'
  | 'change account in Sales'
  | 'change contact in Sales'
  | 'change product in Sales'
  | 'create draft invoice in Business Central'
  | 'create order in Business Central'
  | 'create quote in Business Central'
  | 'set invoice discount in Business Central'
  | 'set order discount in Business Central'
  | 'set quote discount in Business Central'
  | 'delete draft invoice in Business Central'
  | 'delete order in Business Central'
  | 'delete quote in Business Central'
  | 'post invoice in Business Central'
  | 'ship and invoice order in Business Central'
  | 'make order of quote in Business Central'
  | 'make invoice of quote in Business Central'
  | 'attach a file to the document in Business Central'
  | 'create invoice row in Sales'
  | 'set the order in Sales to invoiced'
  | 'write a note in Sales'
  | 'write a note of the shipment in Sales'
  | 'write a note of the shipment in Sales: undone'
  | 'write the invoice as PDF in Sales';

/** Of a deal: what was decided, found, or written where a repeat does no harm. */
export type DealAction =
  | 'start a deal'
  | 'note a deal'
  | 'assign a deal'
  | 'confirm'
  | 'confirm as one of several'
  | 'confirmation is void'
  | 'rejected'
  | 'cancelled'
  | 'retry'
  | 'replay'
  | 'hold'
  | 'notice'
  | 'quote became order in Business Central'
  | 'quote became invoice in Business Central'
  | 'posted otherwise than confirmed'
  | 'posted after a prepayment'
  | 'posted with invoice rounding'
  | 'report the invoice to Sales'
  | 'write columns of the opportunity in Sales'
  | 'write the credit memo on the invoice row in Sales'
  | 'write the shipment on the order in Sales'
  | 'tell the seller'
  | 'the seller cannot be told'
  | 'the column for the seller takes nothing'
  | 'run was gone, started again'
  | 'found by the count'
  | 'erase personal content';

/** Of accounts, contacts and products. */
export type MasterAction =
  | 'link customer by its number'
  | 'link contact by its number'
  | 'link item by its number'
  | 'match account to customer'
  | 'decide that the account is a new customer'
  | 'move link to the survivor of a merge'
  | 'delete account in Sales'
  | 'delete contact in Sales'
  | 'delete product in Sales'
  | 'write the figures of the customer on the account in Sales'
  | 'write stock and price of the item on the product in Sales';

/** Of the installation, in a chain of their own; acts of people are called as in the card of permissions. */
export type SystemAction =
  | 'sign in'
  | 'configuration changed'
  | 'environment registered'
  | 'environment accepted'
  | 'set credential'
  | 'forget credential'
  | 'rotate credentials'
  | 'prune the ledger'
  | 'restored the ledger'
  | 'the restored ledger is complete'
  | 'switch a feed'
  | 'retry master data'
  | 'match accounts'
  | 'decide matches'
  | 'repair drift'
  | 'connect the systems';

export type AuditAction =
  | RemoteWrite
  /** No answer came, and the request may have landed. */
  | `${RemoteWrite}: outcome unknown`
  | DealAction
  | MasterAction
  | SystemAction;
