import { z } from 'zod';
import type { Columns } from '../../deal/deal.js';
import type { DataverseMaster, MasterKind } from '../../deal/masters.js';
import type { HttpAnswer } from '../http/transport.js';
import { guid, optionalText, readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { ENTITY_SETS } from './entity-sets.js';
import { toPath } from './links.js';
import { createDataverseTransport, type DataverseClientOptions } from './transport.js';

/** Accounts, contacts and products of Sales: one row with all that hangs on it, or page by page. */

/** The columns that the mapping needs besides those that every row brings. */
export interface MasterColumns {
  readonly own: readonly string[];
  readonly owner: readonly string[];
}

export interface MasterReading {
  readonly columns: Readonly<Record<MasterKind, MasterColumns>>;
  /** Whether an account brings its contacts along. */
  readonly withContacts: boolean;
}

export interface MasterPage {
  readonly rows: readonly DataverseMaster[];
  /** Where the next page is; undefined on the last one. */
  readonly nextLink: string | undefined;
}

export interface DataverseMasters {
  /** @throws RemoteApiError `not-found` when the row was deleted. */
  readMaster(kind: MasterKind, rowId: string): Promise<DataverseMaster>;
  readMasters(kind: MasterKind, pageSize: number, link: string | undefined): Promise<MasterPage>;
  /** `If-Match` with the etag that was read. @throws RemoteApiError `conflict` when the row is another by now. */
  updateMaster(
    kind: MasterKind,
    rowId: string,
    etag: string,
    columns: Columns,
    context: WriteContext,
  ): Promise<MasterReceipt>;
  close(): Promise<void>;
}

export interface MasterReceipt {
  readonly requestId: string;
  readonly correlationId: string;
}

const OWN: Readonly<Record<MasterKind, readonly string[]>> = {
  account: ['name', 'accountnumber', 'statecode', 'modifiedon', 'merged', '_masterid_value', '_parentaccountid_value'],
  contact: ['fullname', 'statecode', 'modifiedon', 'merged', '_masterid_value', '_parentcustomerid_value'],
  product: ['name', 'productnumber', 'statecode', 'modifiedon', 'producttypecode', 'productstructure'],
};
/** The feeds have connections of their own, and so have people who wait for a deal. */
const PARALLEL = 3;
const FAMILY = 2;
const SERVICES = 3;

const lookup = guid.nullish().transform((id) => id ?? undefined);
const text = optionalText();
const whole = z.looseObject({
  '@odata.etag': z.string(),
  statecode: z.number(),
  modifiedon: z.iso.datetime(),
  name: text,
  fullname: text,
  accountnumber: text,
  productnumber: text,
  producttypecode: z.number().nullish(),
  productstructure: z.number().nullish(),
  _masterid_value: lookup,
  _parentaccountid_value: lookup,
  _parentcustomerid_value: lookup,
  transactioncurrencyid: z.object({ isocurrencycode: z.string() }).nullish(),
  defaultuomid: z.object({ name: z.string() }).nullish(),
  owninguser: z.looseObject({}).nullish(),
  contact_customer_accounts: z.array(z.looseObject({})).optional(),
});
const page = z.object({ value: z.array(z.looseObject({})), '@odata.nextLink': z.string().optional() });
const scalar = z.union([z.string(), z.number(), z.boolean()]);

export function createDataverseMasters(options: DataverseClientOptions, reading: MasterReading): DataverseMasters {
  const http = createDataverseTransport(options, PARALLEL);

  const query = (kind: MasterKind, withContacts: boolean): string => {
    const { own, owner } = reading.columns[kind];
    const contacts = reading.columns.contact;
    const expand = [
      ...(owner.length > 0 ? [`owninguser(${select(owner)})`] : []),
      ...(kind === 'account' ? ['transactioncurrencyid($select=isocurrencycode)'] : []),
      ...(kind === 'product' ? ['defaultuomid($select=name)'] : []),
      ...(withContacts ? [`contact_customer_accounts(${select([...OWN.contact, ...contacts.own])})`] : []),
    ];
    const chosen = new URLSearchParams({ $select: [...new Set([...OWN[kind], ...own])].join(',') });
    if (expand.length > 0) chosen.set('$expand', expand.join(','));
    return chosen.toString().replaceAll('+', '%20');
  };

  const toMaster = (kind: MasterKind, asked: string, body: unknown, requestId: string): DataverseMaster => {
    const row = readWire('dataverse', asked, whole, body, requestId);
    const { own, owner } = reading.columns[kind];
    const contacts = row.contact_customer_accounts;
    return {
      kind,
      rowId: readWire('dataverse', asked, guid, row[`${kind}id`], requestId),
      revision: row['@odata.etag'],
      modifiedAt: row.modifiedon,
      stateCode: row.statecode,
      number: kind === 'product' ? row.productnumber : row.accountnumber,
      name: (kind === 'contact' ? row.fullname : row.name) ?? '',
      columns: pick(row, own),
      owner: pick(row.owninguser ?? {}, owner),
      currency: row.transactioncurrencyid?.isocurrencycode,
      mergedInto: row._masterid_value,
      parentId: kind === 'contact' ? row._parentcustomerid_value : row._parentaccountid_value,
      ...(kind === 'product' && {
        unit: row.defaultuomid?.name,
        isFamily: row.productstructure === FAMILY,
        isService: row.producttypecode === SERVICES,
      }),
      ...(contacts && { contacts: contacts.map((one) => toMaster('contact', asked, one, requestId)) }),
    };
  };

  return {
    async readMaster(kind, rowId) {
      const asked = `read the ${kind}`;
      const path = `${ENTITY_SETS[kind]}(${rowId})?${query(kind, kind === 'account' && reading.withContacts)}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      return toMaster(kind, asked, body, requestId);
    },
    async readMasters(kind, pageSize, link) {
      const asked = `compare ${ENTITY_SETS[kind]}`;
      const path = link === undefined ? `${ENTITY_SETS[kind]}?${query(kind, false)}&$orderby=${kind}id` : toPath(link);
      const headers = { prefer: `odata.maxpagesize=${pageSize}` };
      const answer: HttpAnswer = await http.send({ method: 'GET', path, asked, headers });
      const { value, '@odata.nextLink': nextLink } = readWire('dataverse', asked, page, answer.body, answer.requestId);
      return { rows: value.map((row) => toMaster(kind, asked, row, answer.requestId)), nextLink };
    },
    async updateMaster(kind, rowId, etag, columns, context) {
      const { requestId, correlationId } = await http.send({
        method: 'PATCH',
        path: `${ENTITY_SETS[kind]}(${rowId})`,
        asked: `change the ${kind}`,
        headers: { 'if-match': etag },
        body: Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, value === '' ? null : value])),
        context,
      });
      return { requestId, correlationId };
    },
    close: () => http.close(),
  };
}

function select(columns: readonly string[]): string {
  return `$select=${[...new Set(columns)].join(',')}`;
}

function pick(row: Readonly<Record<string, unknown>>, names: readonly string[]): Columns {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = scalar.safeParse(row[name]);
    if (value.success && String(value.data).trim() !== '') found[name] = String(value.data);
  }
  return found;
}
