import { z } from 'zod';
import { RefusedError } from '../../deal/errors.js';
import { parseRecordId } from '../../deal/ids.js';
import type { StoredAuditEntry } from '../../ledger/audit/audit.js';
import type { Erased } from '../../ledger/audit/erase.js';
import { type ExportLine, exportAudit, isChainKnown } from '../../ledger/audit/export.js';
import type { Seal } from '../../ledger/audit/seals.js';
import { type Verdict, verifyAudit } from '../../ledger/audit/verify.js';
import type { Witness } from '../../ledger/audit/witnesses.js';
import type { Database } from '../../ledger/database.js';
import type { Ledger } from '../../ledger/ledger.js';
import { defineOperation } from '../operation.js';

/** The trail of every change and decision: shown, proved, sealed, exported, and its personal content erased. */

const recordId = z.string().transform(parseRecordId);
const knownSeal = z.strictObject({
  number: z.string().regex(/^\d+$/, "NUMBER:HASH as 'audit seal' prints it"),
  sealHash: z.string().regex(/^[0-9a-f]{64}$/, "NUMBER:HASH as 'audit seal' prints it"),
});

const noEntryOf = (of: string): string => `the trail holds no entry of ${of}`;

/** The entries of one record, oldest first; the nil GUID is the system. */
export const showTrail = defineOperation({
  act: 'show the audit trail',
  input: z.strictObject({ recordId }),
  run: async ({ ledger }: { readonly ledger: Pick<Ledger, 'readAudit'> }, input): Promise<StoredAuditEntry[]> => {
    const entries = await ledger.readAudit(input.recordId);
    if (entries.length === 0) throw new RefusedError(noEntryOf(input.recordId));
    return entries;
  },
});

/** Proves chains and seals; names the first wrong entry of each chain. Of a record without one there is nothing to prove. */
export const verifyTrail = defineOperation({
  act: 'verify the audit trail',
  input: z.strictObject({ recordId: recordId.optional(), knownSeals: z.array(knownSeal).default([]) }),
  run: async (
    { database, witnesses }: { readonly database: Database; readonly witnesses: readonly Witness[] },
    { recordId: of, knownSeals },
  ): Promise<Verdict> => {
    const verdict = await verifyAudit(database, { ...(of && { recordId: of }), knownSeals, witnesses });
    if (of && verdict.entries === 0 && verdict.findings.length === 0) throw new RefusedError(noEntryOf(of));
    return verdict;
  },
});

/** Undefined when nothing came since the last seal. */
export const sealTrail = defineOperation({
  act: 'seal the audit trail',
  input: z.strictObject({}),
  run: ({ ledger }: { readonly ledger: Pick<Ledger, 'sealAudit'> }): Promise<Seal | undefined> => ledger.sealAudit(),
});

/** Everything that the proof needs, line by line: it may be larger than memory. */
export const exportTrail = defineOperation({
  act: 'export the audit trail',
  input: z.strictObject({
    recordId: recordId.optional(),
    since: z.date('an instant such as 2026-03-01T00:00:00Z').optional(),
    personal: z.boolean().default(false),
  }),
  run: async (
    { database }: { readonly database: Database },
    { recordId: of, since, personal },
  ): Promise<AsyncIterable<ExportLine>> => {
    // Its proof would call a chain whole that nobody has ever seen.
    if (of && !(await isChainKnown(database, of))) throw new RefusedError(noEntryOf(of));
    return exportAudit(database, { ...(of && { recordId: of }), ...(since && { since }), personal });
  },
});

/** Erases what the ledger holds of people in a deal that has ended; the trail still verifies and records the erasure. */
export const erasePersonalContent = defineOperation({
  act: 'erase personal content',
  input: z.strictObject({ recordId, reason: z.string().trim().min(1, 'a reason, which stays in the trail') }),
  run: async (
    { ledger }: { readonly ledger: Pick<Ledger, 'findRecord' | 'erasePersonal'> },
    { recordId: of, reason },
    actor,
  ): Promise<Erased> => {
    if (!(await ledger.findRecord(of))) throw new RefusedError(`record ${of} was never seen`);
    return ledger.erasePersonal({ recordId: of, by: actor, reason });
  },
});
