import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountWorkflowId } from '../../src/deal/ids.js';
import { createAgreement } from '../support/agreement.js';
import { openStage, type Stage } from '../support/processes.js';

let stage: Stage;
let agreement: ReturnType<typeof createAgreement>;
let masterData: ReturnType<typeof createAgreement>['masterData'];

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/masters.yaml' });
  agreement = createAgreement(stage);
  masterData = agreement.masterData;
});
afterAll(() => stage?.close());

describe('contacts', () => {
  it('a changed contact is brought over by the run of its account', async () => {
    const account = await agreement.takeKnown();
    const [contact] = account.contacts;
    if (!contact) throw new Error('no contact');
    masterData.changeSales('contact', contact.id, { jobtitle: 'Head of buying' });
    await agreement.follow.followAccount('contact', contact.id, {});
    await masterData.untilEnded(accountWorkflowId(contact.id));
    await masterData.untilEnded(accountWorkflowId(account.id));
    const titles = agreement.masterData
      .contactsOf(agreement.companyNumberOf(account.number))
      .map((row) => row['jobTitle']);
    expect(titles).toContain('Head of buying');
  });

  it('a contact that went to another company goes there in Business Central, too', async () => {
    const from = await agreement.takeKnown();
    const to = await agreement.takeKnown();
    const [contact] = from.contacts;
    if (!contact) throw new Error('no contact');
    const before = masterData.contactsOf(agreement.companyNumberOf(to.number)).length;
    masterData.changeSales('contact', contact.id, { parentcustomerid: to.id });
    await agreement.follow.followAccount('contact', contact.id, {});
    await masterData.untilEnded(accountWorkflowId(contact.id));
    await masterData.untilEnded(accountWorkflowId(to.id));
    expect(masterData.contactsOf(agreement.companyNumberOf(to.number))).toHaveLength(before + 1);
  });

  it('a contact without a company becomes a customer itself', async () => {
    const { store } = stage.simulators.dataverse;
    const row = store.insert(store.schema.table('contact'), {
      firstname: 'Ida',
      lastname: 'Holm',
      fullname: 'Ida Holm',
    });
    const id = String(row['contactid']);
    await agreement.follow.followAccount('contact', id, {});
    await masterData.untilEnded(accountWorkflowId(id));
    const company = stage.simulators.businessCentral.company;
    const made = [...company.all('customers')].find((one) => one['displayName'] === 'Ida Holm');
    expect(made).toMatchObject({ type: 'Person' });
    // Told as an account by whoever knows only the link.
    await agreement.sync(id, true);
    expect(made?.['blocked']).toBe('_x0020_');
  });
});
