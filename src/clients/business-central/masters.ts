import { z } from 'zod';
import { isSameCode } from '../../deal/codes.js';
import type { FieldValues } from '../../deal/document.js';
import { InternalError } from '../../deal/errors.js';
import type { BusinessCentralMaster } from '../../deal/masters.js';
import type { HttpTransport } from '../http/transport.js';
import { guid, readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { toMasterBody } from './master-body.js';
import { quote, type Receipt } from './transport.js';
import { equalTo, filterOfNumbers, NUMBER_LENGTH } from './value-filters.js';

/** Customers, contacts and items as rows that are compared: read by id or page by page, changed field by field. */

export type MasterSet = 'customers' | 'contacts' | 'items';

export interface BusinessCentralPage {
  readonly rows: readonly BusinessCentralMaster[];
  readonly nextLink: string | undefined;
}

export interface MasterRequests {
  /** @throws RemoteApiError `not-found` when the row was deleted. */
  getMaster(set: MasterSet, id: string): Promise<BusinessCentralMaster>;
  findMaster(set: MasterSet, number: string): Promise<BusinessCentralMaster | undefined>;
  /** The persons under a company contact. */
  findPersons(companyNumber: string): Promise<BusinessCentralMaster[]>;
  /** Customers with this very name, or with an e-mail address at this domain. */
  findCustomersBy(by: { readonly name: string } | { readonly domain: string }): Promise<BusinessCentralMaster[]>;
  readMasterPage(
    set: MasterSet,
    fields: readonly string[],
    pageSize: number,
    link: string | undefined,
  ): Promise<BusinessCentralPage>;
  /** Only what is given is changed. @throws RemoteApiError `conflict` when the row is another than the etag says. */
  updateMaster(
    set: MasterSet,
    id: string,
    etag: string,
    fields: FieldValues,
    context: WriteContext,
  ): Promise<BusinessCentralMaster & Receipt>;
}

const ZERO_ID = '00000000-0000-0000-0000-000000000000';
const row = z.looseObject({
  '@odata.etag': z.string(),
  id: guid,
  number: z.string(),
  lastModifiedDateTime: z.string(),
});
const list = z.object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().optional() });
const scalar = z.union([z.string(), z.number(), z.boolean()]);
/** So many candidates are enough to ask a person. */
const CANDIDATES = 20;
const NAME_LENGTH = 100; // Text[100], reference/business-central 2.2
const EMAIL_LENGTH = 80; // Text[80]

export function createMasterRequests(http: HttpTransport): MasterRequests {
  const readList = async (asked: string, path: string, headers?: Readonly<Record<string, string>>) => {
    const { body, requestId } = await http.send({ method: 'GET', path, asked, ...(headers && { headers }) });
    const { value, '@odata.nextLink': nextLink } = readWire('business-central', asked, list, body, requestId);
    return { rows: value.map((one) => toBusinessCentral(asked, one, requestId)), nextLink };
  };
  const filter = (text: string): string => `$filter=${encodeURIComponent(text)}`;

  return {
    async getMaster(set, id) {
      const asked = `read of ${set}`;
      const { body, requestId } = await http.send({ method: 'GET', path: `${set}(${id})`, asked });
      return toBusinessCentral(asked, body, requestId);
    },
    async findMaster(set, number) {
      const filtered = filterOfNumbers([number]);
      if (filtered === undefined) return undefined;
      const { rows } = await readList(`look up in ${set}`, `${set}?$filter=${filtered}`);
      // A filter reads * as any text, so equality is checked again here (reference/business-central 12.1).
      return rows.find((one) => isSameCode(one.number, number));
    },
    async findPersons(companyNumber) {
      const filtered = equalTo('companyNumber', companyNumber, NUMBER_LENGTH);
      if (filtered === undefined) return [];
      const path = `contacts?${filter(filtered)}`;
      const { rows } = await readList('look the contacts up', path);
      return rows.filter(
        ({ values }) => values['type'] === 'Person' && isSameCode(values['companyNumber'] ?? '', companyNumber),
      );
    },
    async findCustomersBy(by) {
      const filtered = 'name' in by ? equalTo('displayName', by.name, NAME_LENGTH) : filterOfDomain(by.domain);
      if (filtered === undefined) return [];
      const path = `customers?${filter(filtered)}&$top=${CANDIDATES}`;
      return (await readList('look for customers', path)).rows;
    },
    readMasterPage(set, fields, pageSize, link) {
      const select = [...new Set(['id', 'number', 'lastModifiedDateTime', ...fields])].join(',');
      const path = link === undefined ? `${set}?$select=${select}` : toPath(link);
      return readList(`compare ${set}`, path, { prefer: `odata.maxpagesize=${pageSize}` });
    },
    async updateMaster(set, id, etag, fields, context) {
      const asked = `change in ${set}`;
      const { body, requestId, correlationId } = await http.send({
        method: 'PATCH',
        path: `${set}(${id})`,
        asked,
        headers: { 'if-match': etag },
        body: {
          ...toMasterBody(set, fields),
          ...(set === 'items' && 'blocked' in fields && { blocked: fields['blocked'] }),
        },
        context,
      });
      return { ...toBusinessCentral(asked, body, requestId), requestId, correlationId };
    },
  };
}

function filterOfDomain(domain: string): string | undefined {
  const end = `@${domain.toLowerCase()}`;
  return end.length > EMAIL_LENGTH ? undefined : `endswith(email,${quote(end)})`;
}

/** Absent values come as zero GUIDs and as the day 0001-01-01. */
function toBusinessCentral(asked: string, body: unknown, requestId: string): BusinessCentralMaster {
  const found = readWire('business-central', asked, row, body, requestId);
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(found)) {
    const text = scalar.safeParse(value);
    if (!text.success || name.startsWith('@')) continue;
    const isAbsent = text.data === ZERO_ID || String(text.data).startsWith('0001-01-01');
    values[name] = isAbsent ? '' : String(text.data);
  }
  const { '@odata.etag': etag, id, number, lastModifiedDateTime: modifiedAt } = found;
  return { id, etag, number, modifiedAt, values };
}

/** Below the company; the token goes to our own environment, whatever host a link names. */
export function toPath(link: string): string {
  const path = /\/companies\([^)]*\)\/(.+)$/.exec(link)?.[1];
  if (path === undefined) throw new InternalError('expected a link of Business Central, got another one');
  return path;
}
