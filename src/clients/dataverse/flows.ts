import { z } from 'zod';
import { RemoteApiError } from '../errors.js';
import { decimalNumber } from '../http/lossless-json.js';
import { decimal, guid, readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { ENTITY_SETS } from './entity-sets.js';
import { createDataverseTransport, type DataverseClientOptions } from './transport.js';

/** What the flows write to Sales: files as notes, columns that the rules name. */

/** A row of Sales, by its table. */
export interface SalesRow {
  readonly table: SalesTable;
  readonly id: string;
}
export type SalesTable = Exclude<keyof typeof ENTITY_SETS, 'contact'>;

export interface FileNote {
  /** Chosen by us, so that a repeat finds it. */
  readonly noteId: string;
  readonly on: SalesRow;
  readonly subject: string;
  readonly fileName: string;
  readonly mimeType: string;
  readonly bytes: Buffer;
}

export interface FileLimits {
  /** Of a file as it is; the limit of Dataverse holds for its base64 (reference/dataverse-sales 2.18). */
  readonly maxBytes: number;
  /** Extensions in lower case. */
  readonly blocked: ReadonlySet<string>;
}

interface WriteReceipt {
  readonly requestId: string;
  readonly correlationId: string;
}

export interface SalesUnit {
  readonly name: string;
  /** So many of its base unit; both undefined where it is made of none. */
  readonly factor: string | undefined;
  readonly baseUnit: string | undefined;
}

export interface DataverseFlows {
  readFileLimits(): Promise<FileLimits>;
  findNote(noteId: string): Promise<{ readonly noteId: string } | undefined>;
  createFileNote(note: FileNote, context: WriteContext): Promise<{ readonly noteId: string } & WriteReceipt>;
  /**
   * `If-Match` always, because a PATCH of an unknown GUID would create a row: the etag, or any.
   * @throws RemoteApiError `not-found` when it was deleted, `conflict` when it is another by now
   */
  updateRow(
    row: SalesRow & { readonly etag?: string | undefined },
    columns: Readonly<Record<string, unknown>>,
    context: WriteContext,
  ): Promise<WriteReceipt>;
  /** ISO code of the currency of a row; undefined when it has none yet. */
  findCurrency(row: SalesRow): Promise<string | undefined>;
  /** The default unit of a product, in which Sales counts its stock and names its price; undefined when it has none. */
  findDefaultUnit(productId: string): Promise<SalesUnit | undefined>;
  /** The entry of a price list for a product in its default unit. */
  findPrice(priceListId: string, productId: string): Promise<ListPrice | undefined>;
  /** @throws RemoteApiError `conflict` when it is another by now. */
  updatePrice(price: ListPrice, amount: string, context: WriteContext): Promise<WriteReceipt>;
  /** Notes with a file on any of these records, the oldest first. */
  listFiles(recordIds: readonly string[]): Promise<RecordFile[]>;
  downloadFile(noteId: string, maxBytes: number): Promise<Buffer | undefined>;
  /** Undefined when the table has no such column. The answer is kept for some minutes: somebody may lengthen it. */
  findColumn(table: SalesTable, column: string): Promise<ColumnType | undefined>;
  close(): Promise<void>;
}

export interface RecordFile {
  readonly noteId: string;
  readonly recordId: string;
  readonly fileName: string;
  readonly size: number;
}

export interface ListPrice {
  readonly id: string;
  readonly etag: string;
  /** ISO code of the price list. */
  readonly currency: string | undefined;
  /** Not a percentage of something. */
  readonly isAmount: boolean;
}

export interface ColumnType {
  /** `String`, `Money`, `Decimal`, … as the metadata name it. */
  readonly type: string;
  readonly maxLength: number | undefined;
  /** Of a date: whether it is kept as a day, or as a moment that each user sees in a zone of their own (`UserLocal`). */
  readonly dateBehavior?: string | undefined;
}

/** Deals and feeds have connections of their own. */
const PARALLEL = 2;
const DEFAULT_MAX_BYTES = 5_242_880;
const COLUMN_KEPT_MS = 600_000;

const organization = z.object({
  value: z.array(z.object({ maxuploadfilesize: z.number().nullish(), blockedattachments: z.string().nullish() })),
});

const columnRow = z.object({
  AttributeType: z.string(),
  MaxLength: z.number().nullish(),
  DateTimeBehavior: z.object({ Value: z.string() }).nullish(),
});

const fileRow = z.object({
  annotationid: guid,
  _objectid_value: guid,
  filename: z.string().nullish(),
  filesize: z.number().nullish(),
});
const fileBody = z.object({ documentbody: z.string().nullish() });
/** What stands around the file in an answer. */
const AROUND_BYTES = 4_096;

const currencyRow = z.object({ transactioncurrencyid: z.object({ isocurrencycode: z.string() }).nullish() });
const priceRow = z.object({
  '@odata.etag': z.string(),
  productpricelevelid: guid,
  pricingmethodcode: z.number().nullish(),
  _uomid_value: guid.nullish(),
  productid: z.object({ _defaultuomid_value: guid.nullish() }).nullish(),
  transactioncurrencyid: currencyRow.shape.transactioncurrencyid,
});
const unitRow = z.object({
  defaultuomid: z
    .object({
      name: z.string(),
      quantity: decimal.nullish(),
      baseuom: z.object({ name: z.string() }).nullish(),
    })
    .nullish(),
});
const CURRENCY = 'transactioncurrencyid($select=isocurrencycode)';
/** `pricingmethodcode` (reference/dataverse-sales 2.10). */
const CURRENCY_AMOUNT = 1;

export function createDataverseFlows(options: DataverseClientOptions): DataverseFlows {
  const http = createDataverseTransport(options, PARALLEL);

  const columns = new Map<string, { readonly found: ColumnType; readonly readAt: number }>();

  return {
    async findColumn(table, column) {
      const key = `${table}.${column}`;
      const known = columns.get(key);
      if (known && performance.now() - known.readAt < COLUMN_KEPT_MS) return known.found;
      const asked = 'read a column';
      const path = `EntityDefinitions(LogicalName='${table}')/Attributes(LogicalName='${column}')`;
      try {
        const { body, requestId } = await http.send({ method: 'GET', path, asked });
        const row = readWire('dataverse', asked, columnRow, body, requestId);
        const found = {
          type: row.AttributeType,
          maxLength: row.MaxLength ?? undefined,
          dateBehavior: row.DateTimeBehavior?.Value,
        };
        columns.set(key, { found, readAt: performance.now() });
        return found;
      } catch (error) {
        if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    updateRow: ({ table, id, etag = '*' }, values, context) =>
      http.send({
        method: 'PATCH',
        path: `${ENTITY_SETS[table]}(${id})`,
        asked: `write the columns of the ${table}`,
        headers: { 'if-match': etag },
        body: values,
        context,
      }),
    async findCurrency({ table, id }) {
      const asked = `read the currency of the ${table}`;
      const path = `${ENTITY_SETS[table]}(${id})?$select=${table}id&$expand=${CURRENCY}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      return readWire('dataverse', asked, currencyRow, body, requestId).transactioncurrencyid?.isocurrencycode;
    },
    async findDefaultUnit(productId) {
      const asked = 'read the unit of the product';
      const unit = 'defaultuomid($select=name,quantity;$expand=baseuom($select=name))';
      const path = `products(${productId})?$select=productid&$expand=${unit}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const { defaultuomid: found } = readWire('dataverse', asked, unitRow, body, requestId);
      return (
        (found && { name: found.name, factor: found.quantity ?? undefined, baseUnit: found.baseuom?.name }) ?? undefined
      );
    },
    async findPrice(priceListId, productId) {
      const asked = 'read the price of the product';
      const filter = encodeURIComponent(`_pricelevelid_value eq ${priceListId} and _productid_value eq ${productId}`);
      const select = '$select=pricingmethodcode,_uomid_value';
      const expand = `$expand=productid($select=_defaultuomid_value),${CURRENCY}`;
      const path = `productpricelevels?${select}&${expand}&$filter=${filter}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const rows = readWire('dataverse', asked, z.object({ value: z.array(priceRow) }), body, requestId).value;
      const row = rows.find((one) => one._uomid_value === one.productid?._defaultuomid_value);
      return (
        row && {
          id: row.productpricelevelid,
          etag: row['@odata.etag'],
          currency: row.transactioncurrencyid?.isocurrencycode,
          isAmount: row.pricingmethodcode === CURRENCY_AMOUNT,
        }
      );
    },
    updatePrice: ({ id, etag }, amount, context) =>
      http.send({
        method: 'PATCH',
        path: `productpricelevels(${id})`,
        asked: 'write the price of the product',
        headers: { 'if-match': etag },
        body: { amount: decimalNumber(amount) },
        context,
      }),
    async listFiles(recordIds) {
      const asked = 'read the files of records';
      const objects = recordIds.map((id) => `_objectid_value eq ${id}`).join(' or ');
      const filter = encodeURIComponent(`isdocument eq true and (${objects})`);
      const path = `annotations?$select=filename,filesize,_objectid_value&$orderby=createdon&$filter=${filter}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const rows = readWire('dataverse', asked, z.object({ value: z.array(fileRow) }), body, requestId).value;
      return rows.map((row) => ({
        noteId: row.annotationid,
        recordId: row._objectid_value,
        fileName: row.filename ?? '',
        size: row.filesize ?? 0,
      }));
    },
    async downloadFile(noteId, maxBytes) {
      const asked = 'read the file';
      const path = `annotations(${noteId})?$select=documentbody`;
      const { bytes, requestId } = await http.download({ path, asked }, Math.ceil(maxBytes / 3) * 4 + AROUND_BYTES);
      if (bytes === undefined) return undefined;
      const { documentbody } = readWire('dataverse', asked, fileBody, parseJson(bytes), requestId);
      return Buffer.from(documentbody ?? '', 'base64');
    },
    async readFileLimits() {
      const asked = 'read the limits of files';
      const path = 'organizations?$select=maxuploadfilesize,blockedattachments';
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const [found] = readWire('dataverse', asked, organization, body, requestId).value;
      const blocked = (found?.blockedattachments ?? '').split(';').flatMap((name) => name.trim().toLowerCase() || []);
      // Four letters for three bytes.
      const maxBytes = Math.floor((found?.maxuploadfilesize ?? DEFAULT_MAX_BYTES) / 4) * 3;
      return { maxBytes, blocked: new Set(blocked) };
    },
    async findNote(noteId) {
      try {
        await http.send({ method: 'GET', path: `annotations(${noteId})?$select=subject`, asked: 'look the file up' });
        return { noteId };
      } catch (error) {
        if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    async createFileNote({ noteId, on, subject, fileName, mimeType, bytes }, context) {
      const { requestId, correlationId } = await http.send({
        method: 'POST',
        path: 'annotations',
        asked: 'write the file',
        body: {
          annotationid: noteId,
          subject,
          filename: fileName,
          mimetype: mimeType,
          documentbody: bytes.toString('base64'),
          [`objectid_${on.table}@odata.bind`]: `/${ENTITY_SETS[on.table]}(${on.id})`,
        },
        context,
      });
      return { noteId, requestId, correlationId };
    },
    close: () => http.close(),
  };
}

/** No decimals stand in it, and looking for them in megabytes of base64 would take its time. Undefined: no JSON, which no error is to quote. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
