import type { SimRequest, SimResponse } from '../kernel/server.js';
import { type Api, answer } from './answers.js';
import { attributes, definition, pick } from './metadata.js';
import { DataverseError } from './store.js';

/**
 * `RetrieveMetadataChanges` (MicrosoftDocs/powerapps-docs, query-schema-definitions.md): of its query the properties that are
 * asked for and conditions Equals and In, of tables and of their columns. Everything else of it is refused.
 */

interface Expression {
  readonly Properties?: { readonly AllProperties?: boolean; readonly PropertyNames?: readonly string[] };
  readonly Criteria?: { readonly FilterOperator?: string; readonly Conditions?: readonly Condition[] };
  readonly AttributeQuery?: Expression;
}

interface Condition {
  readonly PropertyName?: string;
  readonly ConditionOperator?: string;
  readonly Value?: { readonly Value?: unknown };
}

type Rows = Record<string, unknown>[];

const KNOWN: ReadonlySet<string> = new Set(['Properties', 'Criteria', 'AttributeQuery']);

const bad = (text: string): DataverseError => new DataverseError(400, '0x80048d19', text);

export function metadataChanges(api: Api, request: SimRequest, query: string | undefined): SimResponse {
  if (request.method !== 'GET') throw bad('RetrieveMetadataChanges is a function: GET it.');
  const expression = parse(query);
  const { schema } = api.store;
  const tables = schema.tables.filter((table) => select([definition(table)], expression).length > 0);
  const names = expression.Properties?.PropertyNames;
  const value = tables.map((table) => {
    const shown = pick(definition(table), names);
    if (expression.Properties?.AllProperties || names?.includes('Attributes'))
      shown['Attributes'] = select(attributes(table), expression.AttributeQuery ?? {}).map((one) =>
        pick(one, expression.AttributeQuery?.Properties?.PropertyNames),
      );
    return shown;
  });
  return answer(200, {
    '@odata.context': `${api.url}/$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse`,
    ServerVersionStamp: `${api.store.currentVersion}!`,
    DeletedMetadata: null,
    EntityMetadata: value,
  });
}

function parse(query: string | undefined): Expression {
  try {
    const parsed: unknown = JSON.parse(query ?? '');
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw bad("The parameter 'Query' of RetrieveMetadataChanges is an EntityQueryExpression in JSON.");
}

function select(rows: Rows, { Criteria: criteria, ...rest }: Expression): Rows {
  const unknown = Object.keys(rest).find((name) => !KNOWN.has(name) && !name.startsWith('@'));
  if (unknown !== undefined) throw bad(`${unknown} of the query is not served.`);
  const conditions = criteria?.Conditions ?? [];
  if (criteria?.FilterOperator === 'Or') throw bad('Conditions that are joined by Or are not served.');
  return rows.filter((row) =>
    conditions.every(({ PropertyName: name = '', ConditionOperator: operator, Value: value }) => {
      if (operator === 'Equals') return row[name] === value?.Value;
      if (operator === 'In' && Array.isArray(value?.Value)) return value.Value.includes(row[name]);
      throw bad(`The ConditionOperator '${String(operator)}' is not served: Equals and In are.`);
    }),
  );
}
