import type { DataverseProbe } from '../clients/dataverse/probe.js';
import type { CompanyRule } from '../deal/companies.js';
import type { ColumnValue } from '../deal/deal.js';
import { ROW_TABLES, toLogicalName } from '../mapping/rules/columns-of-rules.js';
import { type Finding, ok, wrong } from './finding.js';

/** Whether the value that picks a company can stand in its column: a deal for which it never does goes to the default one. */

const NUMBER = { pattern: /^-?\d+$/, what: 'a choice is read as its number, in whatever language its label is' };
const GUID = { pattern: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, what: 'a lookup is read as a GUID' };
const READ_AS: Readonly<Record<string, { readonly pattern: RegExp; readonly what: string }>> = {
  Picklist: NUMBER,
  State: NUMBER,
  Status: NUMBER,
  Integer: { ...NUMBER, what: 'it holds whole numbers' },
  Boolean: { pattern: /^(?:true|false)$/i, what: 'it is read as true or false' },
  Lookup: GUID,
  Customer: GUID,
  Owner: GUID,
};

/** Nothing of columns that are not there: they are told with all others. */
export async function examineConditions(
  probe: Pick<DataverseProbe, 'findColumn'>,
  rules: readonly CompanyRule[],
): Promise<Finding[]> {
  const findings = rules.flatMap(({ company, when }) =>
    when.columns.flatMap((condition) =>
      listTables(condition).map((table) => examineCondition(probe, company, table, condition)),
    ),
  );
  return (await Promise.all(findings)).flat();
}

async function examineCondition(
  probe: Pick<DataverseProbe, 'findColumn'>,
  company: string,
  table: string,
  { column, value }: ColumnValue,
): Promise<Finding[]> {
  const name = toLogicalName(column);
  const found = await probe.findColumn(table, name);
  const readAs = found && READ_AS[found.type];
  if (!readAs) return [];
  const check = `${company}: ${table}.${name}`;
  if (readAs.pattern.test(value)) return [ok(check, `${found.type}, may be '${value}'`)];
  return [
    wrong(
      check,
      `${found.type}, never '${value}': ${readAs.what}`,
      `Power Apps > Tables > ${table} > Columns > ${name} shows what it holds: write that into when of the rule for ${company}.`,
    ),
  ];
}

function listTables({ row, tables }: ColumnValue): readonly string[] {
  return row === 'record' ? tables : [ROW_TABLES[row]];
}
