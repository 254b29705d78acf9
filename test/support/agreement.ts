import type { SeedAccount } from '@dealbridge/simulators/seed/distributor.js';
import { accountWorkflowId, productWorkflowId } from '../../src/deal/ids.js';
import { createFollowMasters } from '../../src/dispatch/take-master-changes.js';
import { createMasterDataEditor } from './master-data.js';
import type { Stage } from './processes.js';

/** Accounts that are brought into agreement with their customers, and what both sides say of it. */
export function createAgreement(stage: Stage) {
  const { data, businessCentral } = stage.simulators;
  const masterData = createMasterDataEditor(stage);
  const follow = createFollowMasters(stage.temporal, { quietMs: 50 });
  /** Accounts of the seed, each handed out once. */
  let next = 0;

  function takeAccount(isInBusinessCentral: boolean): SeedAccount {
    for (;;) {
      const account = data.accounts[next];
      next += 1;
      if (!account) throw new Error('the seed holds no further account');
      if (account.isInBusinessCentral === isInBusinessCentral) return account;
    }
  }

  async function sync(id: string, isThorough = false): Promise<void> {
    await follow.followAccount('account', id, { isThorough });
    await masterData.untilEnded(accountWorkflowId(id));
  }

  async function syncProduct(id: string, isThorough = false): Promise<void> {
    await follow.followProduct(id, { isThorough });
    await masterData.untilEnded(productWorkflowId(id));
  }

  return {
    masterData,
    follow,
    takeAccount,
    sync,
    syncProduct,
    /** An account with its customer, brought into agreement. */
    async takeKnown(): Promise<SeedAccount> {
      const account = takeAccount(true);
      await masterData.link('customer', account.id, account.number);
      await sync(account.id);
      return account;
    },
    actionsOf: async (id: string): Promise<string[]> => (await stage.ledger.readAudit(id)).map(({ action }) => action),
    companyNumberOf(number: string): string {
      const { company } = businessCentral;
      const contactId = company.companyContacts.get(String(masterData.customer(number)['id']));
      return String(company.find('contacts', String(contactId))?.['number']);
    },
    requestsTo: (path: RegExp): number => businessCentral.requests.filter(({ path: asked }) => path.test(asked)).length,
  };
}
