import { continueAsNew } from '@temporalio/workflow';
import type { AccountReading } from '../../activities/masters/sync-accounts.js';
import type { ChangeOutcome } from '../../activities/masters/sync-master-data.js';
import type { HoldReason } from '../../deal/holds.js';
import { businessCentral, dataverse, masterLedger } from '../activity-options.js';
import { followChanges } from './follow-changes.js';
import { accountChangedSignal, type SyncAccountInput } from './messages.js';

/** Keeps one account and its contacts in agreement with customer and contacts. */
export async function syncAccount(input: SyncAccountInput): Promise<void> {
  await followChanges({
    changed: accountChangedSignal,
    quietMs: input.quietMs,
    request: input.request,
    pass: (isThorough) => bringOver(input, isThorough),
    goOn: (request) => continueAsNew<typeof syncAccount>({ ...input, request }),
  });
}

const STEPS = ['read', 'compare', 'write', 'write-sales', 'match', 'create', 'company-contact'];

/** So often somebody else may change a row between our reading and our writing. */
export const TRIES = 4;

async function bringOver({ rowId, table }: SyncAccountInput, isThorough: boolean): Promise<readonly HoldReason[]> {
  const ref = { kind: 'account', rowId } as const;
  for (let tries = 1; ; tries += 1) {
    const reading = await dataverse.readAccount({ rowId, table, isThorough: isThorough || tries > 1 });
    switch (reading.kind) {
      case 'not-followed':
      case 'echo':
        return [];
      case 'belongs-to':
        await masterLedger.followMaster({ kind: 'account', rowId: reading.accountId, isThorough });
        return [];
      case 'merged': {
        const outcome = await masterLedger.moveLink({ rowId, survivorId: reading.survivorId });
        if (outcome === 'moved') {
          await masterLedger.followMaster({ kind: 'account', rowId: reading.survivorId, isThorough: true });
        }
        return masterLedger.endPass({ ref, steps: ['merge'] });
      }
      case 'followed': {
        const outcome = await bringCustomerOver(rowId, reading);
        if (outcome === 'stale' && tries < TRIES) continue;
        const { contactIds } = reading;
        const isStale = outcome === 'stale';
        return masterLedger.endPass({
          ref,
          steps: STEPS,
          echo: outcome === 'done' ? reading.echo : undefined,
          isStale,
          contactIds,
        });
      }
    }
  }
}

export type Outcome = 'done' | 'stopped' | 'stale';

async function bringCustomerOver(
  rowId: string,
  reading: Extract<AccountReading, { kind: 'followed' }>,
): Promise<Outcome> {
  if (!reading.isLinked) {
    if (!reading.isActive) return 'done';
    const found = await businessCentral.findCustomerOfAccount({ rowId });
    if (found === 'none') {
      const made = await businessCentral.createCustomerOfAccount({ rowId });
      if (made !== 'linked') return made === 'stale' ? 'stale' : 'stopped';
    } else if (found !== 'linked') return 'stopped';
  }
  const comparison = await agree(
    () => businessCentral.readCustomer({ rowId }),
    () => businessCentral.updateCustomer({ rowId }),
    () => dataverse.updateAccount({ rowId }),
  );
  if (comparison === 'stale') return 'stale';
  // Created, unblocked or filled in: deals that were held for it may go on.
  if (comparison === 'changed' || !reading.isLinked) await masterLedger.wakeDeals({ rowId });
  if (comparison === 'gone' || comparison === 'refused') return 'stopped';
  if (reading.contactIds.length > 0 && (await businessCentral.findCompanyContact({ rowId }))) {
    await bringContactsOver(rowId, reading.contactIds);
  }
  return 'done';
}

async function bringContactsOver(rowId: string, contactIds: readonly string[]): Promise<void> {
  const found = await businessCentral.readContacts({ rowId, contactIds });
  for (const contactId of found.missing) await businessCentral.createContact({ rowId, contactId });
  for (const contactId of found.elsewhere) {
    const { hasBusinessCentralChange } = await businessCentral.readContact({ rowId, contactId });
    if (hasBusinessCentralChange) await businessCentral.updateContact({ rowId, contactId });
  }
  for (const contactId of found.different) await businessCentral.updateContact({ rowId, contactId });
  for (const contactId of found.toDataverse) await dataverse.updateContactInDataverse({ contactId });
}

export type Agreement = 'same' | 'changed' | 'gone' | 'refused' | 'stale';

/** Reads, then writes what differs; `stale` when somebody changed one of the two rows in between. */
export async function agree(
  read: () => Promise<{
    readonly isGone: boolean;
    readonly hasBusinessCentralChange: boolean;
    readonly hasDataverseChange: boolean;
  }>,
  updateBusinessCentral: () => Promise<ChangeOutcome>,
  updateDataverse: () => Promise<ChangeOutcome>,
): Promise<Agreement> {
  const { isGone, hasBusinessCentralChange, hasDataverseChange } = await read();
  if (isGone) return 'gone';
  const outcomes = [
    ...(hasDataverseChange ? [await updateDataverse()] : []),
    ...(hasBusinessCentralChange ? [await updateBusinessCentral()] : []),
  ];
  if (outcomes.includes('stale')) return 'stale';
  if (outcomes.includes('refused')) return 'refused';
  return outcomes.length > 0 ? 'changed' : 'same';
}
