import type { AskedColumns } from '../../deal/asked-columns.js';
import type { SourceTable } from '../../deal/ids.js';
import type { LineRules } from '../../deal/line-rules.js';
import { allSources, type Mapping } from '../rules/mapping.js';
import { BROUGHT, type SourceColumn, type SourceRow } from './sources.js';
import type { Section } from './targets.js';

export interface RequestedFields {
  readonly createCustomers: boolean;
  readonly createItems: boolean;
  readonly createContacts: boolean;
}

/** Which columns a mapping needs of the records of one table. */
export function askedColumns(
  mapping: Mapping,
  rules: LineRules,
  requestedFields: RequestedFields,
  table: SourceTable,
): AskedColumns {
  // What nobody creates needs no columns.
  const sections: Section[] = ['document', 'line'];
  if (requestedFields.createCustomers) sections.push('customer');
  if (requestedFields.createContacts) sections.push('contact');
  if (requestedFields.createItems) sections.push('item');
  const sources = allSources(mapping, sections);
  // The keys of customers and items are looked up, whoever creates them.
  for (const section of ['customer', 'item'] as const) {
    const number = mapping.sections[section].get('number');
    if (number && !sections.includes(section)) sources.push(number);
  }
  const columns: SourceColumn[] = [
    ...mapping.read,
    ...sources.flatMap(({ from }) => (from.kind === 'columns' ? from.columns : [])),
  ];
  if (rules.rules?.some(({ when }) => when.owner !== undefined)) {
    columns.push({ row: 'owner', column: 'internalemailaddress', tables: [table] });
  }
  const of = (row: SourceRow): string[] => [
    ...new Set(
      columns
        .filter((one) => one.row === row && one.tables.includes(table) && !BROUGHT.has(one.column))
        .map(({ column }) => column),
    ),
  ];
  const rows = {
    record: of('record'),
    account: of('account'),
    contact: of('contact'),
    owner: of('owner'),
    line: of('line'),
    product: of('product'),
  };
  return {
    rows,
    owner: rows.owner.length > 0,
    contact: rows.contact.length > 0,
    baseUnit: rules.convertUnits ?? false,
    defaultUnit: requestedFields.createItems,
    priceList: (rules.grossPriceLists?.length ?? 0) > 0,
    customerCurrency: columns.some(({ row, column }) => row === 'account' && column === 'transactioncurrencyid'),
  };
}
