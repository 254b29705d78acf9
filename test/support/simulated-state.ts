import type { Simulators } from '@dealbridge/simulators';

/** All that the two simulated systems hold, to be compared: without what counts each change and who made it. */

const COUNTS: ReadonlySet<string> = new Set(['versionnumber', 'modifiedon', 'modifiedby', '@odata.etag']);

export function readState({ dataverse, businessCentral }: Simulators): Record<string, unknown> {
  const { store } = dataverse;
  const { company, subscriptions } = businessCentral;
  const sales = store.schema.tables.map((table) => [
    table.name,
    {
      columns: [...table.columns.keys()].sort(),
      custom: [...table.custom].sort(),
      keys: [...table.keys.keys()].sort(),
      rows: sorted([...store.all(table.name)]),
    },
  ]);
  // Whoever reads a set that nothing is in makes it.
  const filled = [...company.sets].filter(([, rows]) => rows.size > 0);
  const sets = filled.map(([set, rows]) => [set, sorted([...rows.values()])]);
  const documents = Object.entries(company.documents).map(([kind, found]) => [
    kind,
    sorted([...found.values()].map(({ row }) => row)),
  ]);
  return {
    sales: Object.fromEntries(sales),
    unpublished: store.unpublished.length,
    businessCentral: Object.fromEntries([...sets, ...documents]),
    subscriptions: subscriptions.list().length,
  };
}

export function trackedTables({ dataverse }: Simulators): string[] {
  return dataverse.store.schema.tables.filter(({ changeTracking }) => changeTracking).map(({ name }) => name);
}

function sorted(rows: readonly object[]): unknown[] {
  return rows
    .map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !COUNTS.has(name))))
    .sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
}

/** Requests that may have changed something, since that many were logged; a token is no change. */
export function listChanges({ dataverse, businessCentral }: Simulators, since: readonly [number, number] = [0, 0]) {
  const requests = [...dataverse.requests.slice(since[0]), ...businessCentral.requests.slice(since[1])];
  return requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
}

export function countRequests({ dataverse, businessCentral }: Simulators): [number, number] {
  return [dataverse.requests.length, businessCentral.requests.length];
}
