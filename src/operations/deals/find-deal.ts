import { UnknownError, UserError } from '../../deal/errors.js';
import type { Queryable } from '../../ledger/database.js';
import { type ListedDeal, listDeals } from '../../ledger/deals/list-deals.js';

/**
 * The one deal that a person means: by the record's number in Sales, its document's or invoice's number, or its GUID.
 * @throws UserError when there is none, or several
 */
export async function findDeal(database: Queryable, named: string): Promise<ListedDeal> {
  const text = named.trim();
  const found = await listDeals(database, { named: text, order: 'newest', limit: 10 });
  const [deal] = found;
  const expected = 'the number of a record in Sales, of its document or invoice, or a GUID that was seen';
  if (!deal) throw new UnknownError('deal', expected, text);
  if (found.length > 1) {
    const ids = found.map(({ table, number, recordId }) => `${table} ${number ?? ''} ${recordId}`).join('; ');
    throw new UserError('deal', `one of these, by its GUID: ${ids}`, text);
  }
  return deal;
}
