import type { SimRequest, SimResponse } from '../kernel/server.js';
import { type Api, answer, readJson } from './answers.js';
import { badPayload } from './column-values.js';
import { findByKey } from './payload.js';
import { DataverseError, type Row } from './store.js';
import type { Table } from './tables.js';
import { create, update } from './writes.js';

/** CreateMultiple, UpdateMultiple and UpsertMultiple (MicrosoftDocs/powerapps-docs, bulk-operations.md): all or nothing. */

export const BULK: ReadonlySet<string> = new Set(['CreateMultiple', 'UpdateMultiple', 'UpsertMultiple']);

type Target = Readonly<Record<string, unknown>>;

export function runBulk(api: Api, request: SimRequest, table: Table, name: string): SimResponse {
  const targets = readTargets(table, readJson(request)['Targets']);
  return api.store.transact(() => {
    switch (name) {
      case 'CreateMultiple': {
        const ids = targets.map((target) => String(create(api, table, target)[table.id]));
        return answer(200, {
          '@odata.context': `${api.url}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse`,
          Ids: ids,
        });
      }
      case 'UpdateMultiple':
        for (const target of targets) {
          const row = rowOf(api, table, target);
          if (!row) throw missing(table, target);
          update(api, table, row, target);
        }
        return answer(204);
      default:
        for (const target of targets) {
          const row = rowOf(api, table, target);
          if (row) update(api, table, row, target);
          else create(api, table, target, keysOf(table, target));
        }
        return answer(204);
    }
  });
}

function readTargets(table: Table, given: unknown): Target[] {
  if (!Array.isArray(given) || given.length === 0)
    throw badPayload(table, "The value of the parameter 'Targets' cannot be null or empty.");
  return given.map((target: unknown) => {
    if (typeof target !== 'object' || target === null) throw badPayload(table, 'Each of the Targets is an object.');
    const type = String(Reflect.get(target, '@odata.type') ?? '').replace(/^#/, '');
    if (type !== `Microsoft.Dynamics.CRM.${table.name}`) {
      throw badPayload(
        table,
        `Each of the Targets needs '@odata.type' with 'Microsoft.Dynamics.CRM.${table.name}', '${type}' was found.`,
      );
    }
    return target as Target;
  });
}

/** The alternate key in `@odata.id`, as `accounts(bc_customernumber='C1')`. */
function keysOf(table: Table, target: Target): Row {
  const inner = new RegExp(`(?:^|/)${table.set}\\((.+)\\)$`).exec(String(target['@odata.id'] ?? ''))?.[1];
  const keys: Row = {};
  for (const [, name = '', value = ''] of (inner ?? '').matchAll(/(\w+)='((?:[^']|'')*)'/g))
    keys[name] = value.replaceAll("''", "'");
  if (inner !== undefined && Object.keys(keys).length === 0) keys[table.id] = inner.toLowerCase();
  return keys;
}

function rowOf(api: Api, table: Table, target: Target): Row | undefined {
  const { [table.id]: byPath, ...keys } = keysOf(table, target);
  const id = target[table.id] ?? byPath;
  if (typeof id === 'string') return api.store.find(table.name, id);
  if (Object.keys(keys).length === 0) return undefined;
  return findByKey(api.store, table, keys as Record<string, string>);
}

function missing(table: Table, target: Target): DataverseError {
  const id = target[table.id];
  if (id === undefined && target['@odata.id'] === undefined)
    return badPayload(table, `Each of the Targets needs '${table.id}' or '@odata.id'.`);
  return new DataverseError(
    404,
    '0x80040217',
    `${table.name} With Id = ${String(id ?? target['@odata.id'])} Does Not Exist`,
  );
}
