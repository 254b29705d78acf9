import type { ColumnFacts, DataverseProbe } from '../clients/dataverse/probe.js';
import type { AskedRow } from '../deal/asked-columns.js';
import { SOURCE_TABLES, type SourceTable } from '../deal/ids.js';
import { SELLER_COLUMN_LENGTH } from '../deal/seller-notes.js';
import { askedColumns } from '../mapping/fields/columns.js';
import { creationPolicyOf } from '../mapping/rules/rules.js';
import type { Config } from '../process/config.js';
import { type Finding, notChecked, ok, warning, wrong } from './finding.js';
import { toFinding } from './refusals.js';
import type { DataverseAccess } from './sales.js';
import { createStep, type Step } from './step.js';

/** The columns that the rules name: those that are written with room for what comes, those that are read at all. */

interface WantedColumn {
  readonly table: string;
  readonly column: string;
  /** Undefined for a column that is only read. */
  readonly length?: number;
}

/** Numbers of Business Central are Code[20]; our words and a decimal are shorter. */
const LENGTHS = { invoiceNumber: 20, status: 12, total: 20, remaining: 20 } as const;
const TEXTS: ReadonlySet<string> = new Set(['String', 'Memo']);

const LINE_TABLES: Readonly<Record<SourceTable, string>> = {
  opportunity: 'opportunityproduct',
  quote: 'quotedetail',
  salesorder: 'salesorderdetail',
};
const ROW_TABLES: Readonly<Partial<Record<AskedRow, string>>> = {
  account: 'account',
  contact: 'contact',
  owner: 'systemuser',
  product: 'product',
};

function wantedColumns({ rules }: Config): WantedColumn[] {
  const wanted = new Map<string, WantedColumn>();
  const add = (column: WantedColumn): void => {
    const key = `${column.table}.${column.column}`;
    if (!wanted.has(key)) wanted.set(key, column);
  };
  for (const key of ['invoiceNumber', 'status', 'total'] as const) {
    const column = rules.opportunityColumns[key];
    if (column) add({ table: 'opportunity', column, length: LENGTHS[key] });
  }
  for (const key of ['status', 'remaining'] as const) {
    const column = rules.invoiceColumns[key];
    if (column) add({ table: 'invoice', column, length: LENGTHS[key] });
  }
  for (const table of SOURCE_TABLES) {
    const column = rules.sellerNotes?.columns[table];
    if (column) add({ table, column, length: SELLER_COLUMN_LENGTH });
  }
  for (const table of SOURCE_TABLES) {
    const { rows } = askedColumns(rules.mapping, rules.lines, creationPolicyOf(rules), table);
    for (const row of ['record', 'account', 'contact', 'owner', 'line', 'product'] as const) {
      const name = row === 'record' ? table : row === 'line' ? LINE_TABLES[table] : (ROW_TABLES[row] ?? table);
      // Standard columns are there in every environment; those of a publisher bear its prefix.
      for (const column of rows[row]
        .map(toLogicalName)
        .filter((one) => /^[a-z0-9]{2,8}_/.test(one) && !isStandard(one)))
        add({ table: name, column });
    }
  }
  return [...wanted.values()];
}

/** A lookup is read as `_new_project_value`. */
function toLogicalName(column: string): string {
  return /^_(.+)_value$/.exec(column)?.[1] ?? column;
}

function isStandard(column: string): boolean {
  return /^(address[12]|billto|shipto)_/.test(column);
}

export function examineColumns(dataverse: Step<DataverseAccess>, configuration: Step<Config>): Step<true> {
  return createStep(
    'dataverse: columns',
    { dataverse, config: configuration },
    async ({ dataverse: { probe }, config }) => {
      const wanted = wantedColumns(config);
      if (wanted.length === 0)
        return { value: true, findings: [notChecked('columns', 'the rules name no column of your own')] };
      return { value: true, findings: await Promise.all(wanted.map((one) => examineColumn(probe, one))) };
    },
  );
}

async function examineColumn(probe: DataverseProbe, { table, column, length }: WantedColumn): Promise<Finding> {
  const check = `${table}.${column}`;
  const where = `Power Apps > Tables > ${table} > Columns`;
  let found: ColumnFacts | undefined;
  try {
    found = await probe.findColumn(table, column);
  } catch (error) {
    return toFinding(check, error);
  }
  if (!found)
    return wrong(check, 'there is no such column', `${where}: add it, or correct its name in the rules file.`);
  const { type, maxLength, isWritable } = found;
  const facts = `${type}${maxLength === undefined ? '' : ` of ${maxLength}`}`;
  if (length === undefined) return ok(check, `${facts}, read`);
  if (!TEXTS.has(type))
    return wrong(check, `${facts}: what is written is text`, `${where}: make it a single line of text.`);
  if (!isWritable) return wrong(check, `${facts}: it cannot be written`, `Name another column in the rules file.`);
  return maxLength !== undefined && maxLength < length
    ? warning(check, `${facts}: up to ${length} characters come`, `${where}: raise its maximum length to ${length}.`)
    : ok(check, `${facts}, written`);
}
