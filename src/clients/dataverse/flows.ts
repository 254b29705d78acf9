import { z } from 'zod';
import { RemoteApiError } from '../errors.js';
import { readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { createDataverseTransport, type DataverseClientOptions } from './transport.js';

/** What the flows write to Sales: files as notes, columns that the rules name. */

/** A row of Sales, by its table. */
export interface SalesRow {
  readonly table: SalesTable;
  readonly id: string;
}
export type SalesTable = keyof typeof SETS;

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

export interface DataverseFlows {
  readFileLimits(): Promise<FileLimits>;
  findNote(noteId: string): Promise<{ readonly noteId: string } | undefined>;
  createFileNote(note: FileNote, context: WriteContext): Promise<{ readonly noteId: string } & WriteReceipt>;
  close(): Promise<void>;
}

const SETS = {
  account: 'accounts',
  invoice: 'invoices',
  opportunity: 'opportunities',
  product: 'products',
  quote: 'quotes',
  salesorder: 'salesorders',
  salesorderdetail: 'salesorderdetails',
} as const;

/** Deals and feeds have connections of their own. */
const PARALLEL = 2;
const DEFAULT_MAX_BYTES = 5_242_880;

const organization = z.object({
  value: z.array(z.object({ maxuploadfilesize: z.number().nullish(), blockedattachments: z.string().nullish() })),
});

export function createDataverseFlows(options: DataverseClientOptions): DataverseFlows {
  const http = createDataverseTransport(options, PARALLEL);

  return {
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
          [`objectid_${on.table}@odata.bind`]: `/${SETS[on.table]}(${on.id})`,
        },
        context,
      });
      return { noteId, requestId, correlationId };
    },
    close: () => http.close(),
  };
}
