import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { describe, expect, inject, it } from 'vitest';

const FOLDER = 'test/histories';
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

Runtime.install({ logger: new DefaultLogger('WARN') });

/** Recorded by `RECORD_HISTORIES=1 npm test -- test/end-to-end`. */
describe('a recorded run goes the same way on the code of today (I9)', () => {
  it('the cases that matter were recorded', () => {
    const names = files.map((name) => name.replace('.json', ''));
    expect(names).toEqual(
      expect.arrayContaining([
        'won-opportunity',
        'won-quote',
        'won-salesorder',
        'confirmed-by-update',
        'rejected-by-signal',
        'cancelled',
        'period-closed-then-opened',
        'totals-differ-then-corrected',
        'draft-touched-after-confirmation',
        'worker-killed-at-post',
        'answer-lost-at-create-draft',
        'account-changed',
        'account-in-conflict-then-retried',
        'accounts-merged',
        'item-created',
        'drift-repaired',
      ]),
    );
  });

  for (const file of files) {
    it(file.replace('.json', '').replaceAll('-', ' '), async () => {
      const history = historyFromJSON(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
      await Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history);
    });
  }
});
