import type { Client } from '@temporalio/client';
import { expect, it } from 'vitest';
import { examineRuns } from '../../src/doctor/runs.js';
import { createStep } from '../../src/doctor/step.js';

/** Stands for a server that counts the runs of one type among those whose tasks fail. */
const clientThatCounts = (type: string) =>
  ({
    workflow: {
      count: async (query: string) => ({
        count: query.includes('TemporalReportedProblems') && query.includes(`'${type}'`) ? 2 : 0,
      }),
    },
  }) as unknown as Client;

it.each(['handOverDeal', 'salesFeed', 'sealAudit', 'sendAlerts'])(
  'runs of %s whose tasks fail, such as for want of a key, are told',
  async (type) => {
    const temporal = createStep('temporal', {}, async () => ({ findings: [], value: clientThatCounts(type) }));
    const { findings } = await examineRuns(temporal).report();
    expect(findings[0]).toMatchObject({ check: 'failing tasks', result: 'wrong', found: '2 runs cannot go on' });
  },
);
