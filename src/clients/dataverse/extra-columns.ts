import { z } from 'zod';
import type { AskedColumns, AskedRow } from '../../deal/asked-columns.js';
import type { Columns, ExtraColumns } from '../../deal/deal.js';
import type { SourceTable } from '../../deal/ids.js';

/** The columns that only the mapping asks for: whatever their type, they travel as text. */

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const row = z.record(z.string(), z.unknown());
const ROW = row.nullish().catch(undefined);

/** Where a record has its lines. */
export const LINES: Readonly<Record<SourceTable, readonly [collection: string, id: string]>> = {
  opportunity: ['product_opportunities', 'opportunityproductid'],
  quote: ['quote_details', 'quotedetailid'],
  salesorder: ['order_details', 'salesorderdetailid'],
};

type Row = Readonly<Record<string, unknown>>;

export function readExtraColumns(table: SourceTable, body: unknown, asked: AskedColumns): ExtraColumns {
  const record = row.catch({}).parse(body);
  const pick = (which: AskedRow, from: Row | undefined, ...more: readonly string[]): Columns => {
    const found: Record<string, string> = {};
    for (const name of [...asked.rows[which], ...more]) {
      const value = scalar.safeParse(from?.[name]);
      if (value.success && String(value.data).trim() !== '') found[name] = String(value.data);
    }
    return found;
  };
  const buyer = below(record, 'customerid_contact');
  const account =
    below(record, 'customerid_account') ?? below(record, 'parentaccountid') ?? below(buyer, 'parentcustomerid_account');
  const contact = buyer ?? below(record, 'parentcontactid') ?? below(account, 'primarycontactid');
  const [collection, lineId] = LINES[table];
  const lines: Record<string, Columns> = {};
  const products: Record<string, Columns> = {};
  for (const line of z.array(row).catch([]).parse(record[collection])) {
    lines[String(line[lineId]).toLowerCase()] = pick('line', line);
    const product = below(line, 'productid');
    if (!product) continue;
    const unit = below(product, 'defaultuomid')?.['name'];
    products[String(product['productid']).toLowerCase()] = {
      ...pick('product', product),
      ...(typeof unit === 'string' && { defaultuomid: unit }),
    };
  }
  return {
    record: pick('record', record),
    account: pick('account', account),
    contact: asked.contact ? pick('contact', contact, 'contactid') : {},
    owner: pick('owner', below(record, 'owninguser')),
    lines,
    products,
  };
}

function below(from: Row | undefined, name: string): Row | undefined {
  return ROW.parse(from?.[name]) ?? undefined;
}
