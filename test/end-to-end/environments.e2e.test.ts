import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { readAudit, SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { runCli } from '../support/cli.js';
import { createDealer } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';

/** Another organization under the address of Sales, as after a copy or a reset: none of its deals goes on. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let said = '';
const COPY = '00000000-0000-4000-8000-00000000c0de';

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/automatic.yaml',
    env: { ENVIRONMENT_CHECK_SECONDS: '0' },
    listen: (chunk) => {
      said += chunk.toString();
    },
  });
  dealer = createDealer(stage);
});
afterAll(() => stage?.close());

const cli = (...args: readonly string[]) => runCli(['environments', ...args], stage.env);

async function replaceOrganization(id: string): Promise<void> {
  const response = await fetch(`${stage.simulators.connection.dataverse}/_sim/organization`, {
    method: 'POST',
    body: JSON.stringify({ id }),
  });
  expect(response.status).toBe(200);
}

describe('an environment that was replaced under its address', () => {
  it('holds its deals before anything is made of them, keeps the worker from starting, and is used once a person accepted it', async () => {
    const listed = await cli('list');
    expect(listed.stdout.split('\n').filter(Boolean)).toEqual([
      expect.stringMatching(/^system +address +identity +registered +by$/),
      expect.stringMatching(/^dataverse .* organizationId /),
      expect.stringMatching(/^business-central .* companyId .*environmentType Production/),
    ]);

    await replaceOrganization(COPY);
    const deal = dealer.takeKnown();
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'held');
    const held = await dealer.status(deal);
    expect(held.problems).toMatchObject([{ reason: 'environment-changed', owner: 'IT' }]);
    expect(held.problems[0]?.text).toContain(`got organizationId ${COPY}`);
    // Business Central is the one it was, and nothing of the copy is in it.
    expect(dealer.invoicesOf(deal)).toEqual([]);
    expect(dealer.salesInvoicesOf(deal)).toEqual([]);

    await stage.stopWorker();
    await expect(stage.startWorker()).rejects.toThrow('worker ended with 1 before it was ready');
    expect(said).toContain('dealbridge environments accept dataverse --by NAME');
    expect(said).toContain(COPY);

    expect(await cli('accept', 'sales')).toMatchObject({ code: 2 });
    const accepted = await cli('accept', 'dataverse', '--by', 'ann');
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    const last = (await readAudit(stage.database, SYSTEM_CHAIN)).findLast(({ action }) => /^environment/.test(action));
    expect(last).toMatchObject({ actor: 'ann', action: 'environment accepted', after: { organizationId: COPY } });

    await stage.startWorker();
    await stage.temporal.workflow.getHandle(deal.id).executeUpdate('retry', { args: [{ by: 'ann' }] });
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(dealer.salesInvoicesOf(deal)).toHaveLength(1);
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
  });
});
