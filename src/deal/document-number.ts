import { createHash } from 'node:crypto';
import type { WonDeal } from './deal.js';
import type { SourceTable } from './ids.js';

/**
 * What stands in Business Central's `externalDocumentNumber` (Code[35]: upper case), and how a document is found by it (I1).
 * The number in Sales may change; the tail follows from the id of the record alone, so that a look-up needs nothing else.
 */

/** `readable`: the number of the record in Sales and the tail; `key`: the id of the record alone. */
export const EXTERNAL_NUMBER_FORMS = ['readable', 'key'] as const;
export type ExternalNumberForm = (typeof EXTERNAL_NUMBER_FORMS)[number];

const MAX_LENGTH = 35; // reference/business-central 3.5
/** 60 bits: among a million deals two have the same once in two million times, and the ledger refuses the second. */
const TAIL_LENGTH = 12;
/** Digits and letters that nobody takes for one another: no I, L, O and U. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TAIL = new RegExp(`-([${LETTERS}]{${TAIL_LENGTH}})$`);
const KEY = /^([0-9A-F]{8})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{12})$/;

/** Before the tail of a record that has no number: an opportunity has a topic, which is no number and may name a person. */
const PREFIXES: Readonly<Record<SourceTable, string>> = { opportunity: 'OPP', quote: 'QUO', salesorder: 'ORD' };

/** Only [A-Z0-9-], because filters read `*`, `&` and `|` as operators (reference/business-central 12.1). */
export function toExternalNumber(
  { table, recordId, number }: Pick<WonDeal, 'table' | 'recordId' | 'number'>,
  form: ExternalNumberForm,
): string {
  if (form === 'key') return documentKey(recordId);
  const allowed = number.toUpperCase().replace(/[^0-9A-Z]+/g, '-');
  const known = table === 'opportunity' ? '' : allowed.slice(0, MAX_LENGTH - TAIL_LENGTH - 1).replace(/^-+|-+$/g, '');
  return `${known || PREFIXES[table]}-${documentTail(recordId)}`;
}

/** The id of the record without hyphens, since 36 characters would not fit. */
export function documentKey(recordId: string): string {
  return recordId.replaceAll('-', '').toUpperCase();
}

/** Hashed, because ids that Dataverse makes one after the other are alike in most of their digits. */
export function documentTail(recordId: string): string {
  let bits = createHash('sha256').update(recordId.toLowerCase()).digest().readBigUInt64BE();
  let tail = '';
  for (let index = 0; index < TAIL_LENGTH; index += 1) {
    tail += LETTERS[Number(bits & 31n)];
    bits >>= 5n;
  }
  return tail;
}

/** The tail of the record that a document is of, whichever form its number has; undefined for a number of others. */
export function findTail(externalNumber: string): string | undefined {
  const key = KEY.exec(externalNumber);
  return key ? documentTail(key.slice(1).join('-')) : TAIL.exec(externalNumber)?.[1];
}

/** Whether a document is of the record, whatever the record was called when it was made. */
export function isNumberOf(externalNumber: string, recordId: string): boolean {
  return findTail(externalNumber) === documentTail(recordId);
}
