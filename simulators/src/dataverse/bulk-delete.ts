import { removeWithRelated } from './cascades.js';
import { DataverseError, type Row, type Store } from './store.js';
import type { Table } from './tables.js';

/**
 * `BulkDelete` (MicrosoftDocs/powerapps-docs, delete-data-bulk.md; microsoft/PowerPlatform-DataverseClient-Python,
 * src/PowerPlatform/Dataverse/data/_odata_base.py): a system job that is done at once. Of its queries the conditions Equal
 * and In are served, and others refused.
 */
export function bulkDelete(store: Store, body: Readonly<Record<string, unknown>>): string {
  const queries = body['QuerySet'];
  if (!Array.isArray(queries) || queries.length === 0) throw bad("The parameter 'QuerySet' has at least one query.");
  const found = queries.flatMap((query) => rowsOf(store, query));
  let failures = 0;
  for (const { table, row } of found) {
    try {
      store.transact(() => removeWithRelated(store, table, row));
    } catch (error) {
      // One that must stay does not keep the others.
      if (!(error instanceof DataverseError)) throw error;
      failures += 1;
    }
  }
  const job = store.insert(store.schema.table('asyncoperation'), {
    name: String(body['JobName'] ?? 'Bulk deletion'),
    operationtype: BULK_DELETE,
    statecode: 3,
    statuscode: 30,
    message: failures === 0 ? null : `${failures} of ${found.length} records were not deleted.`,
  });
  return String(job['asyncoperationid']);
}

const BULK_DELETE = 13;

const bad = (text: string): DataverseError => new DataverseError(400, '0x80048d19', text);

interface Query {
  readonly EntityName?: string;
  readonly Criteria?: {
    readonly FilterOperator?: string;
    readonly Conditions?: readonly Condition[];
    readonly Filters?: readonly unknown[];
  };
}

interface Condition {
  readonly AttributeName?: string;
  readonly Operator?: string;
  readonly Values?: readonly { readonly Value?: unknown }[];
}

function rowsOf(store: Store, query: Query): { table: Table; row: Row }[] {
  const table = store.schema.find(String(query.EntityName ?? ''));
  if (!table) throw bad(`The EntityName '${String(query.EntityName)}' of a query is no table.`);
  const { Conditions: conditions = [], FilterOperator: operator = 'And', Filters: filters = [] } = query.Criteria ?? {};
  if (operator !== 'And' || filters.length > 0)
    throw bad('Of the Criteria of a query, Conditions that are joined by And are served.');
  const tests = conditions.map(({ AttributeName: name = '', Operator: how, Values: values = [] }) => {
    if (name !== table.id && !table.columns.has(name) && !table.lookups.has(name))
      throw bad(`The condition on '${name}' names no column of ${table.name}.`);
    if (how !== 'In' && how !== 'Equal')
      throw bad(`The operator '${String(how)}' of a condition is not served: Equal and In are.`);
    const wanted = new Set(values.map(({ Value: value }) => String(value).toLowerCase()));
    return (row: Row): boolean => wanted.has(String(row[name]).toLowerCase());
  });
  return [...store.all(table.name)].filter((row) => tests.every((test) => test(row))).map((row) => ({ table, row }));
}
