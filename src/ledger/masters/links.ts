import { z } from 'zod';
import type { ClaimingRow } from '../../deal/ambiguity.js';
import { OvertakenError } from '../../deal/errors.js';
import { LINK_KIND, type LinkKind, MASTER_KIND, type MasterState } from '../../deal/masters.js';
import type { Queryable } from '../database.js';
import { nullable, type RowOf, rowsOf, selectRows, textColumn } from '../read-rows.js';

/** A row of Sales and the row of one Business Central company that stands for it. */
export interface Link {
  readonly salesId: string;
  readonly bcId: string;
  readonly bcNumber: string;
}

export interface StoredLink extends Link {
  /** It shares its row with another one, which is the one that is brought over. */
  readonly isSecondary: boolean;
}

/** Who says that one row of Business Central stands for several of Sales: a person by name, or the rules. */
export const BY_RULES = 'rules';

export const linkRow = rowsOf('links', ['sales_id'], {
  sales_id: textColumn,
  bc_id: textColumn,
  bc_number: textColumn,
});

const storedRow = rowsOf('links', ['sales_id'], {
  sales_id: textColumn,
  bc_id: textColumn,
  bc_number: textColumn,
  is_secondary: z.boolean(),
});

const neighbourRow = rowsOf('links', ['sales_id'], {
  sales_id: textColumn,
  is_live: z.boolean(),
  is_by_rules: z.boolean(),
  name: nullable(textColumn),
});

/** Such a row of Sales is nobody's any more. */
export const GONE: readonly MasterState[] = ['deleted', 'merged'];

/** {@link LINK_KIND} in a statement. @param masterKind the column that says the kind of the row */
export const linkKindOf = (masterKind: string): string =>
  `CASE ${masterKind} ${Object.entries(LINK_KIND)
    .map(([master, link]) => `WHEN '${master}' THEN '${link}'`)
    .join(' ')} END`;

/** Of the alias `other`, a link: its row of Sales is somebody's still. */
export const isLive = (gone: string): string =>
  `NOT EXISTS (SELECT 1 FROM masters m WHERE m.row_id = other.sales_id AND m.company_id = other.company_id
     AND m.state = ANY(${gone}) AND other.kind = ${linkKindOf('m.kind')})`;

/** Of a link of the table or alias `of`: it shares its row with a live one, and is not the one that is brought over. */
export const isSecondary = (of: string, gone: string): string =>
  `(${of}.shared_by IS NOT NULL AND EXISTS (SELECT 1 FROM links other WHERE other.kind = ${of}.kind
     AND other.company_id = ${of}.company_id AND other.bc_id = ${of}.bc_id AND other.sales_id <> ${of}.sales_id
     AND ${isLive(gone)}))`;

export async function findLinks(
  db: Queryable,
  kind: LinkKind,
  companyId: string,
  salesIds: readonly string[],
): Promise<Map<string, StoredLink>> {
  const rows = await selectRows(
    db,
    storedRow,
    `SELECT sales_id, bc_id, bc_number, ${isSecondary('links', '$4')} AS is_secondary
     FROM links WHERE kind = $1 AND company_id = $2 AND sales_id = ANY($3)`,
    [kind, companyId, salesIds, GONE],
  );
  return new Map(
    rows.map((row) => [
      row.sales_id,
      { salesId: row.sales_id, bcId: row.bc_id, bcNumber: row.bc_number, isSecondary: row.is_secondary },
    ]),
  );
}

/** The live rows of Sales, other than this one, that a row of Business Central stands for already. */
export async function findLinkedOthers(
  db: Queryable,
  kind: LinkKind,
  companyId: string,
  { bcId, salesId }: Pick<Link, 'bcId' | 'salesId'>,
): Promise<ClaimingRow[]> {
  const others = await findNeighbours(db, kind, companyId, { bcId, salesId });
  return others.filter((one) => one.is_live && !one.is_by_rules).map(toClaiming);
}

function toClaiming({ sales_id: id, name }: RowOf<typeof neighbourRow>): ClaimingRow {
  return { id, name };
}

async function findNeighbours(
  db: Queryable,
  kind: LinkKind,
  companyId: string,
  { bcId, salesId }: Pick<Link, 'bcId' | 'salesId'>,
) {
  return selectRows(
    db,
    neighbourRow,
    `SELECT sales_id, ${isLive('$6')} AS is_live, coalesce(shared_by = $5, false) AS is_by_rules,
       (SELECT max(m.name) FROM masters m WHERE m.row_id = other.sales_id AND m.company_id = other.company_id
         AND m.kind IN ('account', 'contact', 'product')) AS name
     FROM links other WHERE kind = $1 AND company_id = $2 AND bc_id = $3 AND sales_id <> $4 ORDER BY linked_at, sales_id`,
    [kind, companyId, bcId, salesId, BY_RULES, GONE],
  );
}

/**
 * Links the two, unless the row of Business Central stands for another live row already: then nothing changes, and the
 * others are returned (I11). Whoever links the same row at the same moment waits for the end of this transaction.
 * @param sharedBy who decided that it may stand for several
 */
export async function saveLink(
  tx: Queryable,
  kind: LinkKind,
  companyId: string,
  link: Link,
  sharedBy?: string,
): Promise<readonly ClaimingRow[]> {
  const { salesId, bcId, bcNumber } = link;
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`link ${kind} ${companyId} ${bcId}`]);
  if (await renumber(tx, kind, companyId, link)) return [];
  const others = await findNeighbours(tx, kind, companyId, link);
  const live = others.filter((one) => one.is_live);
  const inTheWay = live.filter((one) => !one.is_by_rules).map(toClaiming);
  if (inTheWay.length > 0 && sharedBy === undefined) return inTheWay;
  await forgetOther(tx, kind, companyId, salesId);
  for (const gone of others.filter((one) => !one.is_live)) await takeOver(tx, kind, companyId, gone.sales_id, salesId);
  // The first is no guest, unless the rules say that it goes by another number than its own.
  const isShared = sharedBy !== undefined && (live.length > 0 || sharedBy === BY_RULES);
  await tx.query(
    `INSERT INTO links (kind, sales_id, company_id, bc_id, bc_number, shared_by) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (kind, sales_id, company_id) DO UPDATE SET bc_id = excluded.bc_id, bc_number = excluded.bc_number,
       shared_by = excluded.shared_by, linked_at = now()`,
    [kind, salesId, companyId, bcId, bcNumber, isShared ? sharedBy : null],
  );
  return [];
}

/** False when the two are not linked. */
async function renumber(tx: Queryable, kind: LinkKind, companyId: string, link: Link): Promise<boolean> {
  const { rowCount } = await tx.query(
    'UPDATE links SET bc_number = $5 WHERE kind = $1 AND company_id = $2 AND sales_id = $3 AND bc_id = $4',
    [kind, companyId, link.salesId, link.bcId, link.bcNumber],
  );
  return rowCount === 1;
}

/** The same for a row that was looked at a moment ago: when somebody was quicker the step looks again. */
export async function requireLink(
  tx: Queryable,
  kind: LinkKind,
  companyId: string,
  link: Link,
  sharedBy?: string,
): Promise<void> {
  const others = await saveLink(tx, kind, companyId, link, sharedBy);
  if (others.length === 0) return;
  throw new OvertakenError(`${kind} ${link.bcId} was linked to ${others.join(', ')} while ${link.salesId} was to be`);
}

/**
 * The same for what was read of the row that stands for it: a person may have linked it with another one meanwhile, and
 * that is not undone (I14).
 */
export async function requireSameLink(tx: Queryable, kind: LinkKind, companyId: string, link: Link): Promise<void> {
  const { salesId, bcId } = link;
  if (await renumber(tx, kind, companyId, link)) return;
  const { rowCount: isLinked } = await tx.query(
    'SELECT 1 FROM links WHERE kind = $1 AND company_id = $2 AND sales_id = $3',
    [kind, companyId, salesId],
  );
  if (isLinked) throw new OvertakenError(`${kind} ${bcId} was read while ${salesId} was linked with another one`);
  await requireLink(tx, kind, companyId, link);
}

/** The same for a row that had no link when it was looked at (I14). */
export async function requireNoOtherLink(
  tx: Queryable,
  kind: LinkKind,
  companyId: string,
  { salesId, bcId }: Link,
): Promise<void> {
  const { rowCount: isLinked } = await tx.query(
    'SELECT 1 FROM links WHERE kind = $1 AND company_id = $2 AND sales_id = $3 AND bc_id <> $4',
    [kind, companyId, salesId, bcId],
  );
  if (isLinked) throw new OvertakenError(`${salesId} was linked with another ${kind} while it was to be with ${bcId}`);
}

/** What a row that gets a link has kept of another one that stood for it before: its block, its company contact, what was agreed. */
export async function forgetOther(tx: Queryable, kind: LinkKind, companyId: string, salesId: string): Promise<void> {
  await tx.query(
    `UPDATE masters SET agreed = jsonb_set(agreed, '{fields}', '{}'), business_central = NULL, company_contact = NULL,
       blocked_from = NULL, echo = NULL
     WHERE kind = $1 AND row_id = $2 AND company_id = $3`,
    [MASTER_KIND[kind], salesId, companyId],
  );
}

/** The link of a row that is no more goes, and the block that we set goes with the customer that it was set on. */
export async function takeOver(
  tx: Queryable,
  kind: LinkKind,
  companyId: string,
  goneId: string,
  heirId: string,
): Promise<void> {
  await tx.query('DELETE FROM links WHERE kind = $1 AND company_id = $2 AND sales_id = $3', [kind, companyId, goneId]);
  await tx.query(
    `INSERT INTO masters (kind, row_id, company_id, blocked_from)
     SELECT kind, $1, company_id, blocked_from FROM masters WHERE kind = $2 AND row_id = $3 AND company_id = $4
     ON CONFLICT (kind, row_id, company_id) DO UPDATE SET blocked_from = excluded.blocked_from`,
    [heirId, MASTER_KIND[kind], goneId, companyId],
  );
}
