import type { SourceTable } from '../../deal/ids.js';

export const ENTITY_SETS: Readonly<Record<SourceTable, string>> = {
  opportunity: 'opportunities',
  quote: 'quotes',
  salesorder: 'salesorders',
};
