import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import type { applyMatches, reportDrift, syncAccount } from '../../src/workflows/index.js';
import type { ApplyMatchesInput } from '../../src/workflows/masters/match-accounts.js';
import {
  accountChangedSignal,
  retryMasterSignal,
  type SyncRequest,
  syncStatusQuery,
} from '../../src/workflows/masters/messages.js';
import { openRealServer, openTimeSkipping, type StandIns, type TimeSkipping } from '../support/time-skipping.js';

/** The runs of accounts, and what people and programs may send to them. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

describe('an account that is brought over', () => {
  async function start(answers: StandIns = {}) {
    const seen = { passes: 0, isThorough: false };
    skipping.answerWith({
      readAccount: async ({ isThorough }) => {
        seen.passes += 1;
        seen.isThorough = isThorough;
        return { kind: 'echo' };
      },
      ...answers,
    });
    const rowId = randomUUID();
    const run = await skipping.env.client.workflow.start<typeof syncAccount>('syncAccount', {
      taskQueue: TASK_QUEUES.deals,
      workflowId: `account-${rowId}`,
      args: [{ rowId, table: 'account', quietMs: 0 }],
    });
    const status = () => run.query(syncStatusQuery);
    return { run, seen, status };
  }

  it('ignores and shows every request that does not fit, and takes the next that does', async () => {
    const { run, seen, status } = await start();
    const misfits = fc.oneof(
      fc.jsonValue().filter((value) => typeof value !== 'object' || value === null || Object.keys(value).length > 0),
      fc.constantFrom({ IsThorough: true }, { isThorough: 'yes' }, { isThorough: true, by: 'ann' }, [], undefined),
    );
    await run.signal('AccountChanged', {});
    await expect
      .poll(async () => (await status()).ignoredSignal)
      .toBe('AccountChanged: expected one of accountChanged, retry');
    for (const input of fc.sample(misfits, 30)) await run.signal(accountChangedSignal, input as SyncRequest);
    await run.signal(accountChangedSignal, { isThorough: 7 } as unknown as SyncRequest);
    await expect
      .poll(async () => (await status()).ignoredSignal)
      .toBe('accountChanged: isThorough: expected true or false, got 7');
    expect(seen.passes).toBe(0);
    await run.signal(accountChangedSignal, { isThorough: true });
    await run.result();
    expect(seen).toEqual({ passes: 1, isThorough: true });
  });

  it('shows a pass that can never succeed, and compares again when it is asked to', async () => {
    let isBroken = true;
    const { run, status } = await start({
      readAccount: async () => {
        if (isBroken) throw new TypeError('no such column');
        return { kind: 'echo' };
      },
    });
    await run.signal(accountChangedSignal, {});
    await expect.poll(async () => (await status()).reasons, { timeout: 10_000 }).toEqual(['internal-error']);
    isBroken = false;
    await run.signal(retryMasterSignal);
    await run.result();
  });
});

it('an account that changes again in every pass goes on in new runs, before one becomes too long', async () => {
  const real = await openRealServer();
  try {
    const rowId = randomUUID();
    const workflowId = `account-${rowId}`;
    const handle = real.env.client.workflow.getHandle(workflowId);
    const runs = new Set<string>();
    let passes = 0;
    real.answerWith({
      readAccount: async () => {
        passes += 1;
        runs.add((await handle.describe()).runId);
        // Until the server advises the first run to end.
        const changes = runs.size === 1 && passes <= 15 ? 300 : 0;
        await Promise.all(Array.from({ length: changes }, () => handle.signal(accountChangedSignal, {})));
        return { kind: 'echo' };
      },
    });
    const run = await real.env.client.workflow.start<typeof syncAccount>('syncAccount', {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      args: [{ rowId, table: 'account', quietMs: 0, request: {} }],
    });
    await run.result();
    expect(runs.size).toBe(2);
  } finally {
    await real.close();
  }
});

describe('a contact of an account that is brought over', () => {
  const contactId = randomUUID();
  const contacts = { missing: [], elsewhere: [], different: [], toDataverse: [] };

  /** Somebody changes the contact between the first reading and the first writing. */
  async function bringOver(found: Partial<Record<keyof typeof contacts, string[]>>, write: StandIns) {
    const seen = { passes: 0, echoes: [] as (string | undefined)[] };
    skipping.answerWith({
      readAccount: () => {
        seen.passes += 1;
        const isFirst = seen.passes === 1;
        return {
          kind: 'followed',
          isActive: true,
          isLinked: true,
          echo: 'said',
          contactIds: isFirst ? [contactId] : [],
        };
      },
      readCustomer: () => ({ isGone: false, hasBusinessCentralChange: false, hasDataverseChange: false }),
      findCompanyContact: () => true,
      readContacts: () => ({ ...contacts, ...found }),
      readContact: () => ({ isGone: false, hasBusinessCentralChange: true, hasDataverseChange: false }),
      endPass: ({ echo }) => {
        seen.echoes.push(echo);
        return [];
      },
      ...write,
    });
    const rowId = randomUUID();
    await skipping.env.client.workflow.execute<typeof syncAccount>('syncAccount', {
      taskQueue: TASK_QUEUES.deals,
      workflowId: `account-${rowId}`,
      args: [{ rowId, table: 'account', quietMs: 0, request: {} }],
    });
    return seen;
  }

  it.each([
    ['written in Business Central', { different: [contactId] }, { updateContact: () => 'stale' as const }],
    ['written after it stood elsewhere', { elsewhere: [contactId] }, { updateContact: () => 'stale' as const }],
    ['written in Sales', { toDataverse: [contactId] }, { updateContactInDataverse: () => 'stale' as const }],
    ['created', { missing: [contactId] }, { createContact: () => 'stale' as const }],
  ] satisfies [string, Partial<Record<keyof typeof contacts, string[]>>, StandIns][])(
    'is compared again when somebody changed it before it was %s',
    async (_, found, write) => {
      expect(await bringOver(found, write)).toEqual({ passes: 2, echoes: ['said'] });
    },
  );
});

describe('matches that a person decided', () => {
  const accountId = randomUUID();
  async function apply(input: unknown) {
    const applied: unknown[] = [];
    skipping.answerWith({
      applyDecision: async (decision) => {
        applied.push(decision);
        return 'no-such-customer' as const;
      },
    });
    const result = skipping.env.client.workflow.execute<typeof applyMatches>('applyMatches', {
      taskQueue: TASK_QUEUES.deals,
      workflowId: randomUUID(),
      args: [input as ApplyMatchesInput],
    });
    return { result, applied };
  }

  it('are applied in the name of who decided', async () => {
    const { result, applied } = await apply({ by: ' ann ', decisions: [{ accountId, customerNumber: 'C-1' }] });
    expect(await result).toEqual(['no-such-customer']);
    expect(applied).toEqual([{ accountId, customerNumber: 'C-1', by: 'ann' }]);
  });

  it.each([
    [{ by: '', decisions: [{ accountId }] }, /^by: expected a text/],
    [{ decisions: [{ accountId }] }, /^by: expected a text .*, got nothing$/],
    [{ by: 'ann', decisions: [{ accountId }, { accountId, customer: 'C-1' }] }, /^decisions\[1\]: .*, got "customer"$/],
    [{ by: 'ann', decisions: [{ accountId: 'A-1' }] }, /^decisions\[0\]\.accountId: expected a GUID/],
    ['ann', /^input: expected an object/],
  ])('%j is refused before any of it is applied', async (input, message) => {
    const { result, applied } = await apply(input);
    const error: unknown = await result.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error).toMatchObject({ cause: { type: 'BadInput', message: expect.stringMatching(message) } });
    expect(applied).toEqual([]);
  });
});

describe('work that is as long as somebody likes', () => {
  it('is done by several runs where a person decided hundreds of matches, in their order', async () => {
    const applied: string[] = [];
    skipping.answerWith({
      applyDecision: async ({ accountId, by }) => {
        applied.push(`${accountId} ${by}`);
        return applied.length === 1 ? ('linked' as const) : ('no-such-customer' as const);
      },
      followMaster: async () => undefined,
      wakeDeals: async () => undefined,
    });
    const decisions = Array.from({ length: 501 }, () => ({ accountId: randomUUID(), customerNumber: 'C-1' }));
    const handle = await skipping.env.client.workflow.start<typeof applyMatches>('applyMatches', {
      taskQueue: TASK_QUEUES.deals,
      workflowId: randomUUID(),
      args: [{ by: 'ann', decisions }],
    });
    const outcomes = await handle.result();
    expect(outcomes.map((outcome) => outcome)).toEqual(
      decisions.map((_, at) => (at === 0 ? 'linked' : 'no-such-customer')),
    );
    expect(applied).toEqual(decisions.map(({ accountId }) => `${accountId} ann`));
    // The history of the last run, which alone has a limit.
    expect((await handle.describe()).historyLength).toBeLessThan(50);
  }, 60_000);

  it('leaves an event for a batch of rows that are repaired, and none for each of them', async () => {
    const batches: readonly string[] = Array.from({ length: 40 }, () => randomUUID());
    skipping.answerWith({
      startDrift: async () => [],
      finishDrift: async ({ runId }) => ({ runId, requests: 0, compared: {}, found: {} }),
      followRepairable: async ({ after }) => {
        const last = batches[after === undefined ? 0 : batches.indexOf(after) + 1];
        return { followed: last === undefined ? 0 : 50, last };
      },
    });
    const handle = await skipping.env.client.workflow.start<typeof reportDrift>('reportDrift', {
      taskQueue: TASK_QUEUES.deals,
      workflowId: randomUUID(),
      args: [{ fixes: true }],
    });
    expect(await handle.result()).toMatchObject({ notified: 2_000 });
    expect((await handle.describe()).historyLength).toBeLessThan(200);
  });
});
