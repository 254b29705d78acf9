import { createHash } from 'node:crypto';
import { type Database, openDatabase } from '../../src/ledger/database.js';

/** A ledger with a past: rows as deals leave them behind, written by the database itself, since a million deals take hours. */

export interface History {
  readonly url: string;
  /** Deals that have ended, over the last five years. */
  readonly deals: number;
  /** The company of Business Central that they went to. */
  readonly companyId: string;
}

/** Deals that wait or are under way are as many whatever is behind them. */
const OPEN_DEALS = 300;
/** A company has its customers; what piles up is what it sells to them. */
const ACCOUNTS = 20_000;

/** As long as real ones: three lines, an address. `#` stands for the number of the deal, `@` for its id. */
const LINE = {
  description: 'Pump with a long description',
  quantity: '2',
  unitPrice: '120.50',
  discount: '0',
  tax: '45.79',
};
const PRODUCT = { productId: 'product-#', number: 'P-100', name: 'Pump', isActive: true, isService: false };
const SOLD = { ...LINE, product: PRODUCT, unit: 'PCS', pricingErrorCode: 0, role: 'product' };
const FIGURES = { headerDiscount: '0', freight: '0', tax: '137.37', totalLessFreight: '860.37', total: '860.37' };
const DEAL = {
  v: 1,
  ...{
    table: 'salesorder',
    recordId: '@',
    revision: 'W/"#"',
    number: 'OLD-#',
    name: 'Pumps for site #',
    seller: 'Seller',
  },
  ...{ stateCode: 1, lineage: { descendants: [] }, currency: 'EUR', pricingErrorCode: 0, ...FIGURES },
  customer: {
    ...{ accountId: 'account-#', kind: 'account', number: 'C1', name: 'Customer', isActive: true },
    address: { line1: 'Industrial Road #', city: 'Hamburg', postalCode: '20095', country: 'Germany' },
  },
  lines: [1, 2, 3].map((sequence) => ({ ...SOLD, lineId: `line-#-${sequence}`, sequence })),
  extra: { record: {}, account: {}, contact: {}, owner: {}, lines: {}, products: {} },
};
const DOCUMENT = {
  v: 1,
  ...{ id: '@', etag: 'W/"#"', number: 'PS-#', externalDocumentNumber: 'OLD-#', status: 'Paid', customerNumber: 'C1' },
  ...{
    currency: 'EUR',
    pricesIncludeTax: false,
    discount: '0',
    excludingTax: '723',
    tax: '137.37',
    includingTax: '860.37',
  },
  ...{ remaining: '0', lastModified: '2026-01-01T00:00:00Z' },
  lines: [1, 2, 3].map((sequence) => ({ ...LINE, sequence: sequence * 10_000, number: 'P-100', net: '241' })),
};
/** The last ones are not paid yet. */
const UNPAID = { ...DOCUMENT, status: 'Open', remaining: '860.37' };
const filled = (form: object) =>
  `replace(replace('${JSON.stringify(form)}', '#', i::text), '@', pg_temp.id('deal', i)::text)::jsonb`;

/** Nearly all are settled; a few ended otherwise, and a few are not paid yet, as many in a small past as in a large one. */
const STATE = `CASE WHEN i > deals THEN (ARRAY['awaiting-confirmation', 'held', 'drafted'])[i % 3 + 1]
  WHEN i > deals - 200 THEN 'written-back' WHEN i % 50 = 0 THEN 'cancelled' ELSE 'settled' END`;
const REASON = `CASE WHEN i > deals AND i % 3 = 1 THEN 'customer-missing' END`;
/** The same business all the time: one in 160 seconds, so that a million are five years. */
const AT = `now() - (deals + open - i + 1) * interval '160 seconds'`;

/** The longest first; of one table after the other where the one reads the other. */
const STATEMENTS: readonly (readonly string[])[] = [
  [
    `INSERT INTO audit_entries (record_id, chain_position, at, actor, action, correlation_id, facts, previous_hash, entry_hash)
     OVERRIDING SYSTEM VALUE
     SELECT pg_temp.id('deal', i), n, ${AT}, 'dealbridge', (ARRAY['read', 'claim', 'create draft', 'confirm', 'post', 'report to Sales'])[n],
       pg_temp.id('correlation' || n, i), '{"v": 1, "number": "PS-1", "amount": "860.37", "companyId": "0c0c0000-0000-4000-8000-00000000000c"}', repeat('0', 64),
       repeat(md5(i::text), 2) FROM given, generate_series(1, deals + open) i, generate_series(1, 6) n`,
    `INSERT INTO audit_signatures (subject, number, signature)
     SELECT 'entry', entry_id, 'key-1:' || entry_hash FROM audit_entries ON CONFLICT DO NOTHING`,
    `SELECT setval('audit_entries_entry_id_seq', (SELECT max(entry_id) FROM audit_entries))`,
  ],
  [
    `INSERT INTO documents (document_id, record_id, kind, content, own_content, read_at)
     SELECT pg_temp.id('document', i), pg_temp.id('deal', i), 'invoice',
       CASE WHEN i > deals - 200 AND i <= deals THEN ${filled(UNPAID)} ELSE ${filled(DOCUMENT)} END, ${filled(DOCUMENT)}, ${AT} FROM given, generate_series(1, deals + open) i`,
  ],
  [
    `INSERT INTO deal_revisions (record_id, revision, deal, read_at)
     SELECT pg_temp.id('deal', i), 'W/"' || i || '"', ${filled(DEAL)}, ${AT} FROM given, generate_series(1, deals + open) i`,
  ],
  [
    `INSERT INTO source_records (record_id, source_table, state, hold_reason, hold_text, revision, record_number, document_tail,
       external_number, customer_number, company_id, mapping_hash, document_id, draft_number, invoice_number, amount, currency,
       is_handed_over, is_closed, first_seen_at, changed_at)
     SELECT pg_temp.id('deal', i), 'salesorder', ${STATE}, ${REASON}, CASE WHEN ${REASON} IS NOT NULL THEN 'no customer' END,
       'W/"' || i || '"', 'OLD-' || i, pg_temp.tail(i), 'OLD-' || i || '-' || pg_temp.tail(i), 'C' || i % accounts, company,
       'the mapping of then', pg_temp.id('document', i), 'DRAFT-' || i, CASE WHEN i <= deals THEN 'PS-' || i END, 100 + i % 9000, 'EUR',
       i <= deals, i <= deals, ${AT}, ${AT} FROM given, generate_series(1, deals + open) i`,
    `INSERT INTO seller_notes (record_id, as_of, kind, digest, told_at)
     SELECT record_id, changed_at, 'posted', md5(record_id::text), changed_at FROM source_records WHERE state = 'settled' AND hashtext(record_id::text) % 10 = 0`,
  ],
  [
    `INSERT INTO write_intents (write_key, record_id, state, asked_at, asked_at_by_temporal, result)
     SELECT pg_temp.id('deal', i)::text || step, pg_temp.id('deal', i), 'done', ${AT}, ${AT}, '{"v": 1, "id": "0c0c0000-0000-4000-8000-00000000000c"}'
     FROM given, generate_series(1, deals + open) i, (VALUES (':create-draft:1'), (':post:1'), (':invoice-row:1')) steps (step)
     WHERE i <= deals OR step = ':create-draft:1'`,
  ],
  [
    `INSERT INTO flow_rows (flow, company_id, source_id, record_id, target_id, etag, content, state, reason, changed_at, met_at)
     SELECT 'invoicePdf', company, pg_temp.id('document', i)::text, pg_temp.id('deal', i), pg_temp.id('row', i), 'W/"1"', '{"v": 1, "values": {}}',
       CASE WHEN i % 1000 = 0 THEN 'noted' ELSE 'carried' END, CASE WHEN i % 1000 = 0 THEN 'file-too-large' END, ${AT}, ${AT} FROM given, generate_series(1, deals) i`,
  ],
  [
    `INSERT INTO write_backs (invoice_id, record_id, sales_invoice_id, etag, reported_to_sales, created_at, reported_at)
     SELECT pg_temp.id('document', i), pg_temp.id('deal', i), pg_temp.id('row', i), 'W/"1"',
       ${filled({ v: 1, number: 'PS-#', status: 'paid', total: '860.37', remaining: '0' })}, ${AT}, ${AT}
     FROM given, generate_series(1, deals) i`,
  ],
  [
    `INSERT INTO detections (source_table, record_id, source, first_at, last_at)
     SELECT 'salesorder', pg_temp.id('deal', i), source, ${AT}, ${AT}
     FROM given, generate_series(1, deals + open) i, (VALUES ('webhook'), ('feed')) sources (source)`,
  ],
  [
    `INSERT INTO audit_seals (seal_number, at, previous_hash, last_entry_id, chain_count, changed_count, seal_hash)
     SELECT s, now(), repeat('0', 64), s * 6000, s * 1000, 1000, repeat(md5('s' || s), 2) FROM given, generate_series(1, deals / 1000) s ON CONFLICT DO NOTHING`,
  ],
  [
    `INSERT INTO audit_seal_heads (seal_number, chain_id, chain_position, entry_hash)
     SELECT (i - 1) / 1000 + 1, pg_temp.id('deal', i), 6, repeat(md5(i::text), 2) FROM given, generate_series(1, deals / 1000 * 1000) i ON CONFLICT DO NOTHING`,
  ],
  [
    `INSERT INTO deal_summaries (record_id, name, customer, seller, net, gross, currency)
     SELECT pg_temp.id('deal', i), 'Pumps for site ' || i, 'Customer ' || i % accounts, 'Seller ' || i % 50, 90 + i % 9000, 100 + i % 9000, 'EUR'
     FROM given, generate_series(1, deals + open) i`,
  ],
  [
    `INSERT INTO claims (record_id, carrier_id, state, claimed_at)
     SELECT pg_temp.id('deal', i), pg_temp.id('deal', i), 'drafting', ${AT} FROM given, generate_series(1, deals + open) i`,
  ],
  [
    `INSERT INTO masters (kind, row_id, company_id, number, name, content, business_central, agreed, problem_since)
     SELECT 'account', pg_temp.id('account', i), company, 'C' || i, 'Customer ' || i,
       jsonb_build_object('v', 1, 'kind', 'account', 'rowId', pg_temp.id('account', i), 'revision', 'W/"1"', 'modifiedAt', '2026-01-01T00:00:00Z', 'stateCode', 0,
         'number', 'C' || i, 'name', 'Customer ' || i, 'columns', jsonb_build_object('address1_city', 'Hamburg', 'telephone1', '+49 40 ' || i), 'owner', '{}'::jsonb),
       jsonb_build_object('v', 1, 'id', pg_temp.id('customer', i), 'etag', 'W/"1"', 'number', 'C' || i, 'modifiedAt', '2026-01-01T00:00:00Z',
         'values', jsonb_build_object('city', 'Hamburg', 'phoneNumber', '+49 40 ' || i)),
       jsonb_build_object('v', 1, 'fields', jsonb_build_object('city', jsonb_build_object('dataverse', 'Hamburg', 'businessCentral', 'Hamburg'))),
       CASE WHEN i < 20 THEN now() END
     FROM given, generate_series(0, accounts - 1) i`,
  ],
  [
    `INSERT INTO links (kind, sales_id, company_id, bc_id, bc_number)
     SELECT 'customer', pg_temp.id('account', i), company, pg_temp.id('customer', i), 'C' || i FROM given, generate_series(0, accounts - 1) i
     UNION ALL SELECT 'item', pg_temp.id('product', i), company, pg_temp.id('item', i), 'P-' || i FROM given, generate_series(0, 4999) i`,
  ],
  [
    `INSERT INTO sales_rows (source_table, row_id, version, sweep, settled_version, settled_state)
     SELECT 'salesorder', pg_temp.id('deal', i), i, 1, i, 'won' FROM given, generate_series(1, deals + open) i`,
  ],
  [
    `INSERT INTO sales_feeds (source_table, phase, caught_up_at, counted_at) VALUES ('salesorder', 'changes', now(), now()), ('account', 'changes', now(), now()) ON CONFLICT DO NOTHING`,
  ],
  [
    `INSERT INTO flows (flow, company_id, watermark, read_at) SELECT flow, company, now(), now() FROM given, (VALUES ('invoicePdf'), ('creditMemos'), ('attachments')) flows (flow)`,
  ],
];

/** Names of rows by their number, so that one table is written without reading the other. */
const FUNCTIONS = `
  CREATE FUNCTION pg_temp.id(what text, i integer) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT md5(what || i::text)::uuid $$;
  CREATE FUNCTION pg_temp.tail(i integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT upper(left(md5('tail' || i::text), 12)) $$;`;

/** The id that the seed gives the deal of that number. */
export function idOfDeal(number: number): string {
  const hash = createHash('md5').update(`deal${number}`).digest('hex');
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** What the triggers of these tables keep, which were off. */
const KEPT = [
  // An index of parts of words is made in a quarter of the time that it takes to grow.
  'DROP INDEX IF EXISTS deal_names_search',
  `INSERT INTO deal_names (record_id, name, is_customer)
   SELECT record_id, unnest(ARRAY[lower(record_number), lower(draft_number), lower(external_number)]), false FROM source_records
   UNION ALL SELECT record_id, lower(invoice_number), false FROM source_records WHERE invoice_number IS NOT NULL
   UNION ALL SELECT record_id, lower(customer_number), true FROM source_records`,
  `INSERT INTO deal_totals
   SELECT r.state, r.company_id, r.mapping_hash, s.currency, count(*), sum(s.gross)
   FROM source_records r JOIN deal_summaries s ON s.record_id = r.record_id WHERE is_resting(r.state) GROUP BY 1, 2, 3, 4`,
  `DO $$ BEGIN
     IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
       CREATE INDEX deal_names_search ON deal_names USING gin (name gin_trgm_ops);
     END IF;
   END $$`,
  'INSERT INTO flow_totals SELECT flow, company_id, state, reason, count(*) FROM flow_rows GROUP BY 1, 2, 3, 4',
];

/** Into tables that a process of the product has made; one table at a time on each of a few connections. */
export async function seedHistory(history: History): Promise<void> {
  const connections = Array.from({ length: CONNECTIONS }, () => openDatabase(history.url, { connections: 1 }));
  const waiting = [...STATEMENTS];
  await Promise.all(
    connections.map(async (database) => {
      await prepare(database, history);
      for (let next = waiting.shift(); next; next = waiting.shift()) for (const one of next) await database.query(one);
      await database.close();
    }),
  );
  const fresh = openDatabase(history.url, { connections: 1 });
  for (const statement of KEPT) await fresh.query(statement);
  await fresh.query('VACUUM (ANALYZE)');
  await fresh.query('CHECKPOINT');
  await fresh.close();
}

const CONNECTIONS = 3;

async function prepare(database: Database, { deals, companyId }: History): Promise<void> {
  await database.query('SET synchronous_commit = off');
  // The trail's own triggers would hash six million entries one by one; nothing here proves the trail.
  await database.query('SET session_replication_role = replica');
  await database.query("SET work_mem = '256MB'");
  await database.query(FUNCTIONS);
  await database.query('CREATE TEMP TABLE given (deals integer, open integer, accounts integer, company uuid)');
  await database.query('INSERT INTO given VALUES ($1, $2, $3, $4)', [deals, OPEN_DEALS, ACCOUNTS, companyId]);
}
