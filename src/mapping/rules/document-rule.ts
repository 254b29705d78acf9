import type { WonDeal } from '../../deal/deal.js';
import { type DealEvent, findEvent } from '../../deal/events.js';
import type { SourceTable } from '../../deal/ids.js';
import type { DocumentRule, Rules } from './rules.js';

/** What a record that is not won yet will most likely be handed over by. */
const LAST_EVENT: Record<SourceTable, DealEvent> = {
  opportunity: 'opportunityWon',
  quote: 'quoteWon',
  salesorder: 'orderSubmitted',
};

/** What a record becomes in Business Central. */
export function documentRuleOf(
  { table, stateCode }: Pick<WonDeal, 'table' | 'stateCode'>,
  { documents, events }: Pick<Rules, 'documents' | 'events'>,
): DocumentRule {
  return documents[findEvent(table, stateCode, events) ?? LAST_EVENT[table]];
}
