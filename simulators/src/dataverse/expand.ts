import type { ExpandItem } from '../odata/query.js';
import { DataverseError, type Store } from './store.js';
import type { Table } from './tables.js';
import { unknownProperty } from './wire.js';

const MAX_EXPAND = 15;

/** Each is a join, at whatever depth. */
function countExpanded(items: readonly ExpandItem[] = []): number {
  return items.reduce((sum, { options }) => sum + 1 + countExpanded(options.expand), 0);
}

/** reference/dataverse-sales 8: at most 15 in a query, nested ones included, and what a nested collection refuses. */
export function checkExpand(store: Store, table: Table, items: readonly ExpandItem[] = [], depth = 0): void {
  if (depth === 0 && countExpanded(items) > MAX_EXPAND)
    throw new DataverseError(400, '0x80060888', `Too many expand clauses: at most ${MAX_EXPAND} are allowed.`);
  for (const { nav, options } of items) {
    const target = table.navs.get(nav)?.target ?? (table.collections[nav] ?? table.links[nav])?.table;
    if (target === undefined) throw unknownProperty(nav, table);
    const [unserved] = [...(options.skip === undefined ? [] : ['$skip']), ...Object.keys(options.other)];
    if (unserved !== undefined)
      throw new DataverseError(400, '0x80060888', `The query parameter ${unserved} is not supported.`);
    if (depth > 0 && (table.collections[nav] ?? table.links[nav]) && (options.top !== undefined || options.orderby)) {
      throw new DataverseError(
        400,
        '0x80060888',
        'The query parameters $top and $orderby are not supported in a nested expand of a collection.',
      );
    }
    checkExpand(store, store.schema.table(target), options.expand, depth + 1);
  }
}
