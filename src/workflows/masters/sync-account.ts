import { continueAsNew } from '@temporalio/workflow';
import type { AccountReading, CustomerFinding } from '../../activities/masters/sync-accounts.js';
import type { ChangeOutcome } from '../../activities/masters/sync-master-data.js';
import type { HoldReason } from '../../deal/holds.js';
import { businessCentral, dataverse, masterLedger } from '../activity-options.js';
import { followChanges, isBackfillRun } from './follow-changes.js';
import { accountChangedSignal, type SyncAccountInput } from './messages.js';
import { type FollowedRow, type SyncPort, syncMasterData } from './sync-master-data.js';

/** Keeps one account and its contacts in agreement with customer and contacts. */
export async function syncAccount(input: SyncAccountInput): Promise<void> {
  await followChanges({
    changed: accountChangedSignal,
    quietMs: input.quietMs,
    request: input.request,
    pass: (isThorough) => syncMasterData(accountPort(input), isThorough),
    goOn: (request) => continueAsNew<typeof syncAccount>({ ...input, request }),
  });
}

type FollowedAccount = Extract<AccountReading, FollowedRow>;
type OtherAccount = Exclude<AccountReading, FollowedRow>;

function accountPort({ rowId, table }: SyncAccountInput): SyncPort<FollowedAccount, OtherAccount> {
  return {
    kind: 'account',
    rowId,
    steps: ['read', 'compare', 'write', 'write-sales', 'match', 'create', 'company-contact'],
    read: (isThorough) => dataverse.readAccount({ rowId, table, isThorough }),
    leave: (reading, isThorough) => leaveAccount(rowId, reading, isThorough),
    match: () => businessCentral.findCustomerOfAccount({ rowId }),
    create: () => businessCentral.createCustomerOfAccount({ rowId }),
    compare: () => businessCentral.readCustomer({ rowId }),
    updateBusinessCentral: () => businessCentral.updateCustomer({ rowId }),
    updateDataverse: () => dataverse.updateAccount({ rowId }),
    bringAlong: async ({ contactIds }) =>
      contactIds.length > 0 && (await businessCentral.findCompanyContact({ rowId }))
        ? bringContactsOver(rowId, contactIds)
        : 'done',
    contactsOf: ({ contactIds }) => contactIds,
  };
}

async function leaveAccount(rowId: string, reading: OtherAccount, isThorough: boolean): Promise<readonly HoldReason[]> {
  switch (reading.kind) {
    case 'not-followed':
    case 'echo':
      return [];
    case 'belongs-to':
      await masterLedger.followMaster({
        kind: 'account',
        rowId: reading.accountId,
        isThorough,
        // Whoever asks for everything does not wait.
        isBackfill: isBackfillRun() && !isThorough,
      });
      return [];
    case 'merged': {
      const outcome = await masterLedger.moveLink({ rowId, survivorId: reading.survivorId });
      if (outcome === 'moved') {
        await masterLedger.followMaster({ kind: 'account', rowId: reading.survivorId, isThorough: true });
      }
      return masterLedger.endPass({ ref: { kind: 'account', rowId }, steps: ['merge'] });
    }
  }
}

/** What somebody changed in between does not keep the other contacts waiting. */
async function bringContactsOver(rowId: string, contactIds: readonly string[]): Promise<'done' | 'stale'> {
  const found = await businessCentral.readContacts({ rowId, contactIds });
  const outcomes: (CustomerFinding | ChangeOutcome)[] = [];
  for (const contactId of found.missing) outcomes.push(await businessCentral.createContact({ rowId, contactId }));
  for (const contactId of found.elsewhere) {
    const { hasBusinessCentralChange } = await businessCentral.readContact({ rowId, contactId });
    if (hasBusinessCentralChange) outcomes.push(await businessCentral.updateContact({ rowId, contactId }));
  }
  for (const contactId of found.different) outcomes.push(await businessCentral.updateContact({ rowId, contactId }));
  for (const contactId of found.toDataverse) outcomes.push(await dataverse.updateContactInDataverse({ contactId }));
  return outcomes.includes('stale') ? 'stale' : 'done';
}
