import { SOURCE_TABLES } from '../../deal/ids.js';
import { askedColumns, type RequestedFields } from '../fields/columns.js';
import type { NamedColumn } from '../fields/formula-columns.js';
import { ALWAYS_READ, BROUGHT, type SourceRow } from '../fields/sources.js';
import { companyColumns, toCompanyRules } from './companies.js';
import { toLineRules, toMapping } from './mapping.js';
import type { RulesFile } from './rules-file.js';

/** Columns that formulas name and that no request reads, because neither `mapping.read` nor another field has them. */

const ALL: RequestedFields = { createCustomers: true, createItems: true, createContacts: true };

/** @returns whether a column is read for a formula of that section of the mapping */
export function toReadColumns(file: RulesFile): (section: string, named: NamedColumn) => boolean {
  const ofDeals = columnsReadFor(file, file);
  // Whoever is followed is read with all columns of its section, also where nobody creates it.
  const ofMasters = columnsReadFor(file, ALL);
  return (section, { row, column }) => {
    const read = ['customer', 'contact', 'item'].includes(section) ? ofMasters : ofDeals;
    const rows: readonly SourceRow[] = row ? [row] : [...read.keys()];
    return BROUGHT.has(column) || rows.some((one) => read.get(one)?.has(column));
  };
}

function columnsReadFor(file: RulesFile, requested: RequestedFields): ReadonlyMap<SourceRow, ReadonlySet<string>> {
  const ofFields = toMapping(file);
  const mapping = { ...ofFields, read: [...ofFields.read, ...companyColumns(toCompanyRules(file.companies))] };
  const read = new Map<SourceRow, Set<string>>();
  for (const table of SOURCE_TABLES) {
    const { rows } = askedColumns(mapping, toLineRules(file, mapping), requested, table);
    for (const row of ['record', 'account', 'contact', 'owner', 'line', 'product'] as const) {
      const columns = read.get(row) ?? new Set(ALWAYS_READ[row]);
      for (const column of rows[row]) columns.add(column);
      read.set(row, columns);
    }
  }
  return read;
}
