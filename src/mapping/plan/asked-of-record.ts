import { type AskedColumns, PARENT_COLUMN } from '../../deal/asked-columns.js';
import type { SourceTable } from '../../deal/ids.js';
import { askedColumns } from '../fields/columns.js';
import { creationPolicyOf, type Rules } from '../rules/rules.js';

/** What the request for a record brings: the same for whoever hands it over, looks at it again or shows it beforehand. */
export function askedOfRecord(rules: Rules, table: SourceTable): AskedColumns {
  const asked = askedColumns(rules.mapping, rules.lines, creationPolicyOf(rules), table);
  if (rules.masters.billTo !== 'parent') return asked;
  return { ...asked, rows: { ...asked.rows, account: [...asked.rows.account, PARENT_COLUMN] } };
}
