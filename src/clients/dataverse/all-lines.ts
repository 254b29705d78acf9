import { z } from 'zod';
import type { AskedColumns } from '../../deal/asked-columns.js';
import type { SourceTable } from '../../deal/ids.js';
import { RemoteApiError } from '../errors.js';
import type { HttpAnswer, HttpTransport } from '../http/transport.js';
import { readWire } from '../http/wire.js';
import { linesPath } from './deal-reader.js';
import { ENTITY_SETS } from './entity-sets.js';
import { LINES } from './extra-columns.js';
import { toPath } from './links.js';
import { idPage } from './rows.js';

/** As many related rows as one answer has (reference/dataverse-sales 8). */
const MAX_EXPANDED = 5_000;

interface Reading {
  readonly table: SourceTable;
  readonly recordId: string;
  readonly columns: AskedColumns;
  readonly asked: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The record with all of its lines: what one answer does not hold is read page by page, so that nobody hands over a part of
 * them (I12).
 * @throws RemoteApiError `conflict` when the record changed between two pages: the pages would not be of one document
 */
export async function withAllLines(
  http: HttpTransport,
  { table, recordId, columns, asked, headers }: Reading,
  { body, requestId }: HttpAnswer,
): Promise<unknown> {
  const [collection] = LINES[table];
  const record = expandedRecord.safeParse(body).data;
  const first = z.array(z.unknown()).safeParse(record?.[collection]).data;
  if (!record || !first) return body;
  const next = record[`${collection}@odata.nextLink`];
  // A link that says nothing of a page leads to the lines that are here already.
  const isPaged = typeof next === 'string' && next.includes('skiptoken');
  if (!isPaged && first.length < MAX_EXPANDED) return body;

  const lines: unknown[] = isPaged ? [...first] : [];
  let path: string | undefined = isPaged ? toPath(next) : linesPath(table, recordId, columns);
  while (path !== undefined) {
    const answer = await http.send({ method: 'GET', path, asked: `${asked}: more of its lines`, headers });
    const page: z.infer<typeof idPage> = readWire('dataverse', asked, idPage, answer.body, answer.requestId);
    for (const line of page.value) lines.push(line);
    path = page['@odata.nextLink'] && toPath(page['@odata.nextLink']);
  }
  const again = await http.send({ method: 'GET', path: `${ENTITY_SETS[table]}(${recordId})?$select=statecode`, asked });
  const { '@odata.etag': etag } = readWire('dataverse', asked, etagOnly, again.body, again.requestId);
  if (etag === record['@odata.etag']) return { ...record, [collection]: lines };
  throw new RemoteApiError('dataverse', 'conflict', `${asked}: it changed while its lines were read`, { requestId });
}

const etagOnly = z.object({ '@odata.etag': z.string() });
const expandedRecord = etagOnly.loose();
