import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { REFUSED } from '../../src/deal/failure-types.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { toPost } from '../support/posting.js';
import { openWorkerSystems } from '../support/worker-systems.js';

/** A deal goes on only while the environments of both systems are those that the ledger knows. */

let counter: Counter;
let worker: Awaited<ReturnType<typeof openWorkerSystems>>;
let organizationId: string;
const COPY = '00000000-0000-4000-8000-00000000c0de';

beforeAll(async () => {
  counter = await openCounter();
  worker = await openWorkerSystems(counter);
  organizationId = (await worker.dataverse.whoAmI()).organizationId;
});
afterAll(async () => {
  await worker?.close();
  await counter?.close();
});
afterEach(async () => {
  await setOrganization(organizationId);
  counter.simulators.businessCentral.switches.environmentType = 'Production';
});

const setOrganization = (id: string) =>
  fetch(`${counter.simulators.connection.dataverse}/_sim/organization`, {
    method: 'POST',
    body: JSON.stringify({ id }),
  });

async function refusalOf(step: Promise<unknown>): Promise<unknown> {
  const error: unknown = await step.then(
    () => undefined,
    (failed: unknown) => failed,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: REFUSED, nonRetryable: true });
  return (error as ApplicationFailure).details?.[0];
}

describe('another organization under the address of Sales', () => {
  it('lets no document be made in Business Central, which is asked for its identity at most', async () => {
    const deal = await counter.win();
    await setOrganization(COPY);
    counter.simulators.businessCentral.requests.length = 0;
    expect(await refusalOf(worker.createDraft(deal))).toEqual({
      reason: 'environment-changed',
      text: expect.stringContaining(`got organizationId ${COPY}`),
    });
    const asked = counter.simulators.businessCentral.requests.map(({ method, path }) => `${method} ${path}`);
    expect(asked.filter((request) => !/GET .*\/(companies|environments\/v1\.2)$/.test(request))).toEqual([]);

    // The hold is cleared: the deal goes on as if nothing had been.
    await setOrganization(organizationId);
    expect(await worker.createDraft(deal)).toMatchObject({ difference: undefined });
  });

  it('lets no draft be posted that was made before', async () => {
    const deal = await counter.win();
    const draft = await worker.createDraft(deal);
    if (!draft) throw new Error('a draft is needed');
    await setOrganization(COPY);
    const { companyId } = counter;
    expect(await refusalOf(worker.posting.post({ companyId, ...toPost(deal), draft }))).toMatchObject({
      reason: 'environment-changed',
    });
    // Asked by a client that does not look at environments.
    expect((await counter.client.getInvoice(draft.id)).status).toBe('Draft');
  });

  it('is not read, so that no deal begins', async () => {
    await setOrganization(COPY);
    await expect(worker.dataverse.whoAmI()).rejects.toMatchObject({ code: 'other-environment' });
  });
});

describe('another environment under the address of Business Central', () => {
  it('is neither written to nor read', async () => {
    const deal = await counter.win();
    counter.simulators.businessCentral.switches.environmentType = 'Sandbox';
    const refused = { reason: 'environment-changed', text: expect.stringContaining('environmentType Sandbox') };
    expect(await refusalOf(worker.createDraft(deal))).toEqual(refused);
    const { companyId } = counter;
    const { table, recordId } = deal;
    const read = worker.posting.readPosted({ companyId, table, recordId, invoiceId: recordId, isConfirmed: true });
    expect(await refusalOf(read)).toEqual(refused);
  });
});
