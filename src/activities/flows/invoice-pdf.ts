import { z } from 'zod';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { DataverseFlows, FileLimits } from '../../clients/dataverse/flows.js';
import { isMissingRow } from '../../clients/dataverse/refusals.js';
import { InternalError } from '../../deal/errors.js';
import { writeKey } from '../../deal/ids.js';
import type { FlowLedger } from '../../ledger/feeds/flows.js';
import type { FlowRules } from '../../mapping/rules/flows-file.js';
import { deriveGuid } from '../remote/derive-guid.js';
import { toTemporalFailures, type WriteDependencies, writeOnce } from '../remote/write-once.js';
import { type Flow, toNote } from './flow.js';

/** The posted invoice as PDF on its row in Sales: a note with a file, whose GUID is ours, so that it is there once. */

export type InvoicePdfDependencies = WriteDependencies & {
  readonly businessCentral: Pick<BusinessCentralClient, 'downloadInvoicePdf'>;
  readonly dataverseFlows: Pick<DataverseFlows, 'readFileLimits' | 'findNote' | 'createFileNote'>;
  readonly flows: FlowLedger;
  readonly dataverseAmbiguityMs: number;
};

/** Of one reading; the next one takes the rest. */
const PAGE_SIZE = 200;
const MEGABYTE = 1_000_000;

export function createInvoicePdfFlow(
  dependencies: InvoicePdfDependencies,
  rule: NonNullable<FlowRules['invoicePdf']>,
): Flow {
  const { businessCentral, dataverseFlows, flows } = dependencies;
  const name = 'invoicePdf';
  return {
    name,
    everyMinutes: rule.everyMinutes,
    // Each is held in memory.
    batchSize: 1,

    async collect() {
      const { watermark } = await flows.openFlow(name, dependencies.clock.now());
      const rows = await flows.listInvoiceRows(name, watermark, PAGE_SIZE);
      const things = rows.map(({ invoiceId, recordId, salesInvoiceId, number }) => ({
        ...{ sourceId: invoiceId, recordId, targetId: salesInvoiceId, etag: number, values: { number } },
        found: 'pending' as const,
      }));
      await flows.take(name, things, { isEnd: true });
      return { found: things.length };
    },

    async carry({ sourceId: invoiceId, recordId, targetId, values: { number = '' } }) {
      if (recordId === undefined || targetId === undefined) throw new InternalError('the invoice has no row in Sales');
      const limits = await toTemporalFailures(() => dataverseFlows.readFileLimits());
      const maxBytes = Math.min(limits.maxBytes, rule.maxMegabytes * MEGABYTE);
      const blocked = findBlocked('.pdf', limits);
      if (blocked) return toNote('file-type-blocked', blocked);
      const { bytes } = await toTemporalFailures(() => businessCentral.downloadInvoicePdf(invoiceId, maxBytes));
      if (!bytes) return toNote('file-too-large', `the PDF of ${number} has more than ${maxBytes} bytes`);
      const noteId = deriveGuid(`invoice-pdf/${invoiceId}`);
      let isRowGone = false;
      const writing = writeOnce(dependencies, {
        recordId,
        writeKey: writeKey(recordId, `invoice-pdf-${invoiceId}`),
        action: 'write the invoice as PDF in Sales',
        result: z.object({ noteId: z.string() }),
        ambiguityWindowMs: dependencies.dataverseAmbiguityMs,
        find: () => dataverseFlows.findNote(noteId),
        write: (context) =>
          dataverseFlows
            .createFileNote(
              {
                ...{ noteId, on: { table: 'invoice', id: targetId }, subject: `Invoice ${number}` },
                ...{ fileName: `${toFileName(number)}.pdf`, mimeType: 'application/pdf', bytes },
              },
              context,
            )
            .catch((error: unknown) => {
              isRowGone = isMissingRow(error, targetId);
              throw error;
            }),
        outcome: () => ({ facts: { invoiceId, noteId, number } }),
      });
      return writing.then(
        () => ({ state: 'carried' as const }),
        (error: unknown) => {
          if (!isRowGone) throw error;
          return toNote('row-gone', `the row of ${number} was deleted in Sales`);
        },
      );
    },
  };
}

/** What Sales would refuse, in words. */
export function findBlocked(fileName: string, { blocked }: FileLimits): string | undefined {
  const extension = fileName.split('.').at(-1)?.toLowerCase() ?? '';
  return blocked.has(extension) ? `Sales blocks files that end in .${extension}` : undefined;
}

/** What no file may be called is left out. */
export function toFileName(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f"*/:<>?\\|]/g, '_');
}
