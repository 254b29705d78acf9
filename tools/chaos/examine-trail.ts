import type { SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { documentTail } from '../../src/deal/document-number.js';
import type { Queryable } from '../../src/ledger/database.js';
import type { Books } from './books.js';
import type { Deal } from './deals.js';
import type { Finding } from './findings.js';

/** What the audit trail has of each record: how often each action. A trail without entries proves itself as well (I4). */
export type Trail = ReadonlyMap<string, ReadonlyMap<string, number>>;

export async function readTrail(database: Queryable): Promise<Trail> {
  const { rows } = await database.query<{ record_id: string; action: string; count: number }>(
    'SELECT record_id, action, count(*)::int AS count FROM audit_entries GROUP BY record_id, action',
  );
  const trail = new Map<string, Map<string, number>>();
  for (const { record_id: recordId, action, count } of rows) {
    const actions = trail.get(recordId) ?? new Map<string, number>();
    trail.set(recordId, actions.set(action, count));
  }
  return trail;
}

const CREATED = /^create (draft invoice|order|quote) in Business Central$/;
const POSTED = /^(post invoice|ship and invoice order) in Business Central$/;
const WRITTEN_BACK = /^create invoice row in Sales$/;

/** Each document that was made, each posting that a request of ours did, and each row in Sales has its entry. */
export function examineTrail(deal: Deal, { invoices, postings }: Books, trail: Trail): Finding[] {
  return deal.records.flatMap(({ id }) => {
    const posted = (invoices.get(documentTail(id)) ?? []).filter(({ isPosted }) => isPosted);
    if (posted.length === 0) return [];
    const isOurs = (invoice: SalesDocument): boolean => postings.arrivalOf(invoice) !== undefined;
    const wanted = [
      { what: CREATED, times: 1 },
      { what: POSTED, times: posted.filter(isOurs).length },
      { what: WRITTEN_BACK, times: posted.length },
    ];
    return wanted.flatMap(({ what, times }): Finding[] => {
      const found = [...(trail.get(id) ?? [])].filter(([action]) => what.test(action));
      const count = found.reduce((sum, [, each]) => sum + each, 0);
      if (count >= times) return [];
      return [{ kind: 'unrecorded', text: `${count} of ${times} entries like ${what.source} in the trail of ${id}` }];
    });
  });
}
