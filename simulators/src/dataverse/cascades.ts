import { DataverseError, type Row, type Store } from './store.js';
import { type DeleteBehavior, HEADER_OF, LINES, type Schema, type Table } from './tables.js';

/*
 * What the deletion of a row does to the rows that refer to it. The behaviours are those that CascadeConfiguration of the
 * relationships says (MicrosoftDocs/dynamics-365-customer-engagement, ce/developer/reference/entities: account.md,
 * opportunity.md, quote.md, salesorder.md, lead.md; MicrosoftDocs/powerapps-docs,
 * developer/data-platform/reference/entities: account.md, annotation.md, connection.md).
 */

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** `table.column`, or the column alone wherever it stands. */
const CASCADE = words(
  'contact.parentcustomerid lead.customerid opportunity.customerid quote.customerid quote.opportunityid opportunityclose.opportunityid quoteclose.quoteid orderclose.salesorderid productpricelevel.productid productpricelevel.pricelevelid regardingobjectid objectid record1id record2id activityparty.activityid solutioncomponent.solutionid',
);
const RESTRICT = words(
  'salesorder.customerid salesorder.opportunityid salesorder.quoteid salesorder.pricelevelid quote.pricelevelid invoice.customerid invoice.opportunityid invoice.salesorderid invoice.pricelevelid transactioncurrencyid',
);
const LINE_RESTRICT = words('productid uomid');
const NONE = words(
  'partyid ownerid owninguser owningteam owningbusinessunit createdby modifiedby createdonbehalfby modifiedonbehalfby preferredsystemuserid businessunitid owningextensionid',
);

export function deleteBehavior(schema: Schema, table: string, column: string): DeleteBehavior {
  const given = schema.cascades.get(`${table}.${column}`);
  if (given) return given;
  const header = HEADER_OF.get(table);
  if (header !== undefined && LINES[header]?.via === column) return 'Cascade';
  const has = (set: ReadonlySet<string>): boolean => set.has(`${table}.${column}`) || set.has(column);
  if (has(CASCADE)) return 'Cascade';
  if (has(RESTRICT) || (header !== undefined && LINE_RESTRICT.has(column))) return 'Restrict';
  return has(NONE) ? 'NoCascade' : 'RemoveLink';
}

interface Reference {
  readonly table: Table;
  readonly row: Row;
  readonly column: string;
  readonly behavior: DeleteBehavior;
}

/** Deletes a row, and what goes with it; a row that must not lose it keeps all of them. */
export function removeWithRelated(store: Store, table: Table, row: Row): void {
  const doomed = new Map<Row, Table>();
  const kept: Reference[] = [];
  const visit = (owner: Table, one: Row): void => {
    if (doomed.has(one)) return;
    doomed.set(one, owner);
    for (const reference of referencesTo(store, owner, String(one[owner.id])))
      if (reference.behavior === 'Cascade') visit(reference.table, reference.row);
      else kept.push(reference);
  };
  visit(table, row);
  const others = kept.filter((reference) => !doomed.has(reference.row));
  if (others.some(({ behavior }) => behavior === 'Restrict'))
    throw new DataverseError(
      405,
      '0x80040227',
      'The object you tried to delete is associated with another object and cannot be deleted.',
    );
  for (const reference of others) store.update(reference.table, reference.row, { [reference.column]: null });
  for (const [one, owner] of [...doomed].reverse())
    if (store.find(owner.name, String(one[owner.id]))) store.remove(owner, one);
}

function referencesTo(store: Store, table: Table, id: string): Reference[] {
  const { schema } = store;
  return schema.tables.flatMap((other) =>
    [...other.lookups].flatMap(([column, navs]) => {
      if (other.readOnlyLookups.has(column) || !Object.values(navs).includes(table.name)) return [];
      const behavior = deleteBehavior(schema, other.name, column);
      if (behavior === 'NoCascade') return [];
      return store.children(other.name, column, id).map((row) => ({ table: other, row, column, behavior }));
    }),
  );
}
