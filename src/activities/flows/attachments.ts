import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { DataverseFlows, FileLimits, RecordFile } from '../../clients/dataverse/flows.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import { DOCUMENT_KINDS } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { writeKey } from '../../deal/ids.js';
import { cutTo } from '../../deal/texts.js';
import { STAR, toWildcardPattern } from '../../deal/wildcard.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { DocumentOfDeal, FlowLedger, FoundThing } from '../../ledger/feeds/flows.js';
import { UnreadableContentError } from '../../ledger/read-rows.js';
import type { FlowRules } from '../../mapping/rules/flows-file.js';
import { toTemporalFailures, type WriteDependencies, writeOnce } from '../remote/write-once.js';
import { type Flow, toNote } from './flow.js';
import { findBlocked, toFileName } from './invoice-pdf.js';

/** Files of the won record and of its quote, such as the signed offer: attachments of the document in Business Central. */

export type AttachmentDependencies = WriteDependencies & {
  readonly businessCentral: Pick<BusinessCentralClient, 'listAttachments' | 'createAttachment' | 'writeAttachment'>;
  readonly dataverseFlows: Pick<DataverseFlows, 'readFileLimits' | 'listFiles' | 'downloadFile'>;
  readonly flows: FlowLedger;
  readonly ledger: Pick<DealLedger, 'getDeal'>;
  readonly ambiguityWindowMs: number;
};

/** One request asks for the files of so many deals. */
const PAGE_SIZE = 20;
const MEGABYTE = 1_000_000;

export function createAttachmentFlow(
  dependencies: AttachmentDependencies,
  rule: NonNullable<FlowRules['attachments']>,
): Flow {
  const { businessCentral, dataverseFlows, flows, ledger } = dependencies;
  const flow = 'attachments';
  const patterns = rule.names.map((name) => toWildcardPattern(name, STAR));
  const maxBytes = rule.maxMegabytes * MEGABYTE;

  async function toThings(documents: readonly DocumentOfDeal[]): Promise<FoundThing[]> {
    const records = new Map<string, DocumentOfDeal[]>();
    for (const document of documents) {
      const { recordId, revision } = document;
      const quoteId = revision && (await findQuote(recordId, revision));
      // Two orders of one quote are two deals.
      for (const id of new Set([recordId, ...(quoteId ? [quoteId] : [])]))
        records.set(id, [...(records.get(id) ?? []), document]);
    }
    const found = await toTemporalFailures(() => dataverseFlows.listFiles([...records.keys()]));
    const wanted = found.filter(({ fileName }) => patterns.some((pattern) => pattern.find(fileName)));
    if (wanted.length === 0) return [];
    const limits = await toTemporalFailures(() => dataverseFlows.readFileLimits());
    return wanted.flatMap((file) => (records.get(file.recordId) ?? []).map((one) => toThing(file, one, limits)));
  }

  /** A revision that cannot be read names no quote; the files of its record are carried, and those of other deals (I13). */
  async function findQuote(recordId: string, revision: string): Promise<string | undefined> {
    try {
      return (await ledger.getDeal(recordId, revision)).lineage.quoteId;
    } catch (error) {
      if (error instanceof UnreadableContentError) return undefined;
      throw error;
    }
  }

  function toThing(file: RecordFile, { documentId, recordId, kind }: DocumentOfDeal, limits: FileLimits): FoundThing {
    const { noteId, fileName, size } = file;
    const thing = {
      ...{ sourceId: `${documentId}/${noteId}`, recordId, targetId: documentId, etag: toEtag(fileName, size) },
      values: { noteId, fileName, kind, size: String(size) },
    };
    const blocked = findBlocked(fileName, limits);
    if (blocked) return { ...thing, found: { noted: 'file-type-blocked', remark: `${fileName}: ${blocked}` } };
    if (size <= maxBytes) return { ...thing, found: 'pending' };
    const remark = `${fileName} has ${size} bytes, the rule allows ${maxBytes}`;
    return { ...thing, found: { noted: 'file-too-large', remark } };
  }

  return {
    name: flow,
    everyMinutes: rule.everyMinutes,
    // Each is held in memory.
    batchSize: 1,

    async collect({ next: after, beganAt }) {
      const { now } = await flows.openFlow(flow, dependencies.clock.now());
      const began = beganAt ?? now.toISOString();
      const documents = await flows.listOpenDocuments(flow, after, PAGE_SIZE);
      const next = documents.length === PAGE_SIZE ? documents.at(-1)?.documentId : undefined;
      const things = documents.length > 0 ? await toThings(documents) : [];
      await flows.take(flow, things, { isEnd: next === undefined, beganAt: began });
      return { next, beganAt: began, found: things.length };
    },

    async carry({ recordId, targetId: documentId, values }) {
      const { noteId = '', fileName = '', size = '0' } = values;
      if (recordId === undefined || documentId === undefined) throw new InternalError('the file has no document');
      const kind = DOCUMENT_KINDS.find((one) => one === values['kind']) ?? 'invoice';
      // As it was when the file was noted, or when it was found.
      const blocked = findBlocked(fileName, await toTemporalFailures(() => dataverseFlows.readFileLimits()));
      if (blocked) return toNote('file-type-blocked', `${fileName}: ${blocked}`);
      const listed = await toTemporalFailures(() =>
        businessCentral.listAttachments(kind, documentId, maxBytes).catch((error: unknown) => {
          if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
          throw error;
        }),
      );
      if (!listed) return toNote('document-gone', `${fileName}: the document is not there any more`);
      const bytes = await toTemporalFailures(() => dataverseFlows.downloadFile(noteId, maxBytes));
      if (!bytes) return toNote('file-too-large', `${fileName} has ${size} bytes, the rule allows ${maxBytes}`);
      const isOurs = (byteSize: number) => byteSize === 0 || byteSize === bytes.length;
      const namesakes = (await flows.listOfTarget(flow, documentId)).filter((one) =>
        isSameName(one.values['fileName'] ?? '', fileName),
      );
      const isFirst = namesakes.map((one) => one.values['noteId'] ?? '').sort()[0] === noteId;
      const isFree = (name: string) => listed.every((one) => !isSameName(one.fileName, name) || isOurs(one.byteSize));
      const name = chooseName(fileName, noteId, (plain) => isFirst && isFree(plain));
      // An attempt before this one wrote it, or a person did.
      if (listed.some((one) => isSameName(one.fileName, name) && one.byteSize === bytes.length))
        return { state: 'carried' };
      const find = async () => {
        const attachments = await businessCentral.listAttachments(kind, documentId, maxBytes);
        // Ours has its content or none yet; a person may have given another one the name since.
        const found = attachments.find((one) => isSameName(one.fileName, name) && isOurs(one.byteSize));
        return found && { attachmentId: found.id };
      };
      const { attachmentId } = await writeOnce(dependencies, {
        recordId,
        writeKey: writeKey(recordId, `attachment-${documentId}-${noteId}-${size}`),
        action: 'attach a file to the document in Business Central',
        result: z.object({ attachmentId: z.string() }),
        ambiguityWindowMs: dependencies.ambiguityWindowMs,
        find,
        write: async (context) => {
          const { id, ...receipt } = await businessCentral.createAttachment(kind, documentId, name, context);
          return { attachmentId: id, ...receipt };
        },
        outcome: (result) => ({ facts: { documentId, noteId, ...result }, personal: { after: { fileName: name } } }),
      });
      // The same content twice is the same.
      await toTemporalFailures(() => businessCentral.writeAttachment(attachmentId, bytes, REPEATABLE));
      return { state: 'carried' };
    },
  };
}

/** Names of files may name people: an erasure takes them from the values, and what is read again is known by this. */
function toEtag(fileName: string, size: number): string {
  return createHash('sha256').update(`${fileName} ${size}`).digest('hex');
}

function isSameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** `fileName` holds 250 characters (reference/business-central 2.8). */
const MAX_NAME_LENGTH = 250;

/** Business Central keeps what stands behind the last dot in a field of its own. */
const MAX_EXTENSION_LENGTH = 30;

function withoutLongExtension(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  if (dot < 0 || fileName.length - dot - 1 <= MAX_EXTENSION_LENGTH) return fileName;
  return withoutLongExtension(`${fileName.slice(0, dot)}_${fileName.slice(dot + 1)}`);
}

/** As it is called in Sales; with its own mark where another file of the document is called so. */
function chooseName(fileName: string, noteId: string, isFree: (name: string) => boolean): string {
  const clean = withoutLongExtension(toFileName(fileName));
  const dot = clean.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [clean.slice(0, dot), clean.slice(dot)] : [clean, ''];
  const plain = `${cutTo(stem, MAX_NAME_LENGTH - extension.length)}${extension}`;
  if (isFree(plain)) return plain;
  const mark = ` (${noteId.slice(0, 8)})`;
  return `${cutTo(stem, MAX_NAME_LENGTH - extension.length - mark.length)}${mark}${extension}`;
}
