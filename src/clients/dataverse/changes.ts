import { z } from 'zod';
import type { Clock } from '../../deal/clock.js';
import { DealbridgeError } from '../../deal/errors.js';
import { type FeedTable, isSourceTable, type SourceTable } from '../../deal/ids.js';
import type { DealLabel } from '../../deal/run-summary.js';
import { RemoteApiError } from '../errors.js';
import type { HttpAnswer } from '../http/transport.js';
import { guid, readWire } from '../http/wire.js';
import { ENTITY_SETS } from './entity-sets.js';
import { FORMATTED_VALUE } from './rows.js';
import { createDataverseTransport, type DataverseClientOptions } from './transport.js';

/** Change tracking of Dataverse (reference/dataverse-sales 4): one request reads one page, and no state is held here. */

/** A row as it is now; which of its columns changed, Dataverse does not say. */
export interface ChangedRow {
  readonly rowId: string;
  /** The etag as it stands. */
  readonly revision: string;
  /** The number in the etag: it grows over the whole environment, so the greater one is the newer. */
  readonly version: string;
  readonly statecode: number;
  readonly modifiedAt: Date;
  readonly modifiedBy: string | undefined;
  /** What people know a record by; accounts, contacts and products have none. */
  readonly label: DealLabel | undefined;
}

export interface ChangePage {
  readonly rows: readonly ChangedRow[];
  readonly deleted: readonly string[];
  /** Where the next page is; undefined on the last one. */
  readonly nextLink: string | undefined;
  /** Where the next changes are; only the link of the last page covers all that was given. */
  readonly deltaLink: string | undefined;
  /** The clock of Dataverse, to the second. */
  readonly answeredAt: Date;
}

export interface ReadChanges {
  readonly pageSize: number;
  /** A link of an earlier page; without it the reading starts over and gives every row. */
  readonly link?: string | undefined;
  /** Whether the page belongs to a reading that started without a token. */
  readonly isFullReading: boolean;
}

export interface ReadRecords {
  readonly statecodes: readonly number[];
  readonly modifiedSince: Date;
  readonly pageSize: number;
  readonly link?: string | undefined;
}

export interface DataverseChanges {
  /** @throws LinkExpired when the link is of no use any more. */
  readChanges(table: FeedTable, options: ReadChanges): Promise<ChangePage>;
  /** An ordinary query beside change tracking, so that the two can be compared. */
  readRecords(table: SourceTable, options: ReadRecords): Promise<Pick<ChangePage, 'rows' | 'nextLink'>>;
  close(): Promise<void>;
}

/** The token is too old or was never one of this table: only a full reading helps (reference/dataverse-sales 4.6). */
export class LinkExpired extends DealbridgeError {
  readonly remoteCode: string;
  constructor(remoteCode: string) {
    super('position-expired', `the stored position is not taken any more (${remoteCode})`);
    this.remoteCode = remoteCode;
  }
}

/** The feeds are patient; the deals have connections of their own. */
const PARALLEL = 3;

/** The primary id comes along by itself. */
const COLUMNS = 'statecode,modifiedon,_modifiedby_value';

const NUMBERS: Readonly<Record<SourceTable, string>> = {
  opportunity: 'name',
  quote: 'quotenumber',
  salesorder: 'ordernumber',
};
const CUSTOMER = '_customerid_value';
/** The name of the customer comes as an annotation of the lookup (reference/dataverse-sales 2.12). */
const ANNOTATED = `odata.include-annotations="${FORMATTED_VALUE}"`;

function columnsOf(table: FeedTable): string {
  return isSourceTable(table) ? `${COLUMNS},${NUMBERS[table]},${CUSTOMER}` : COLUMNS;
}

function preferOf(table: FeedTable, ...more: readonly string[]): string {
  return [...more, ...(isSourceTable(table) ? [ANNOTATED] : [])].join(',');
}

const columns = z.object({
  '@odata.etag': z.string().regex(/^W\/"\d+"$/, 'an etag with a version'),
  statecode: z.number(),
  modifiedon: z.iso.datetime().transform((text) => new Date(text)),
  _modifiedby_value: guid.nullish().transform((id) => id ?? undefined),
});
const deletion = z.object({ id: guid });
const page = z.object({
  value: z.array(z.looseObject({})),
  '@odata.nextLink': z.string().optional(),
  '@odata.deltaLink': z.string().optional(),
});

/**
 * ExpiredVersionStamp; a token that cannot be read; a page cookie that cannot be read (reference/dataverse-sales 4.6
 * and 8).
 */
const USELESS: ReadonlySet<string> = new Set(['0x80044352', '0x80060888', '0x8004430a']);

/** @param clock is asked where an answer has no date */
export function createDataverseChanges(options: DataverseClientOptions, clock: Clock): DataverseChanges {
  const http = createDataverseTransport(options, PARALLEL);

  return {
    async readChanges(table, { pageSize, link, isFullReading }) {
      const asked = `read the changes of ${table}`;
      const preferences = [...(isFullReading ? ['odata.track-changes'] : []), `odata.maxpagesize=${pageSize}`];
      const path = link === undefined ? `${ENTITY_SETS[table]}?$select=${columnsOf(table)}` : toPath(link);
      const ask = async (prefer: string): Promise<ChangePage> => {
        const answer = await http.send({ method: 'GET', path, asked, headers: { prefer } }).catch((error: unknown) => {
          const code = error instanceof RemoteApiError ? error.facts.remoteCode?.toLowerCase() : undefined;
          if (link !== undefined && code !== undefined && USELESS.has(code)) throw new LinkExpired(code);
          throw error;
        });
        return readPage(table, asked, answer, clock);
      };
      const given = await ask(preferOf(table, ...preferences));
      if (!isSourceTable(table) || given.nextLink !== undefined || given.deltaLink !== undefined) return given;
      // Version 8.2 gave no deltaLink where annotations were asked for (MicrosoftDocs/powerapps-docs issue 439).
      const labels = new Map(given.rows.map((row) => [row.rowId, row.label]));
      const bare = await ask(preferences.join(','));
      return { ...bare, rows: bare.rows.map((row) => ({ ...row, label: labels.get(row.rowId) ?? row.label })) };
    },
    async readRecords(table, { statecodes, modifiedSince, pageSize, link }) {
      const asked = `count the records of ${table}`;
      const states = statecodes.map((code) => `statecode eq ${code}`).join(' or ');
      const since = `${modifiedSince.toISOString().slice(0, 19)}Z`;
      const query = new URLSearchParams({
        $select: columnsOf(table),
        $filter: `modifiedon ge ${since} and (${states})`,
        $orderby: `modifiedon,${table}id`,
      });
      const path =
        link === undefined ? `${ENTITY_SETS[table]}?${query.toString().replaceAll('+', '%20')}` : toPath(link);
      const headers = { prefer: preferOf(table, `odata.maxpagesize=${pageSize}`) };
      const { rows, nextLink } = readPage(
        table,
        asked,
        await http.send({ method: 'GET', path, asked, headers }),
        clock,
      );
      return { rows, nextLink };
    },
    close: () => http.close(),
  };
}

/** Only shown to people: what is missing or of another kind is left out. */
function toLabel(table: SourceTable, row: Readonly<Record<string, unknown>>): DealLabel {
  const text = z.string().optional().catch(undefined);
  return { number: text.parse(row[NUMBERS[table]]), customer: text.parse(row[`${CUSTOMER}@${FORMATTED_VALUE}`]) };
}

/** Links are followed as they are; the token goes to our own environment, whatever host a link names. */
function toPath(link: string): string {
  const path = /^https?:\/\/[^/]+\/api\/data\/v9\.\d\/(.+)$/.exec(link)?.[1];
  if (path === undefined) throw new LinkExpired('not a link of Dataverse');
  return path;
}

function readPage(table: FeedTable, asked: string, answer: HttpAnswer, clock: Clock): ChangePage {
  const { requestId } = answer;
  const body = readWire('dataverse', asked, page, answer.body, requestId);
  const rows: ChangedRow[] = [];
  const deleted: string[] = [];
  for (const value of body.value) {
    if (String(value['@odata.context'] ?? '').endsWith('/$deletedEntity')) {
      deleted.push(readWire('dataverse', asked, deletion, value, requestId).id);
      continue;
    }
    const read = readWire('dataverse', asked, columns, value, requestId);
    const revision = read['@odata.etag'];
    rows.push({
      rowId: readWire('dataverse', asked, guid, value[`${table}id`], requestId),
      revision,
      version: revision.slice(3, -1),
      statecode: read.statecode,
      modifiedAt: read.modifiedon,
      modifiedBy: read._modifiedby_value,
      label: isSourceTable(table) ? toLabel(table, value) : undefined,
    });
  }
  const date = Date.parse(String(answer.headers['date'] ?? ''));
  return {
    rows,
    deleted,
    nextLink: body['@odata.nextLink'],
    deltaLink: body['@odata.deltaLink'],
    answeredAt: Number.isNaN(date) ? clock.now() : new Date(date),
  };
}
