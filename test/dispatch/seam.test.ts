import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SOURCE_TABLE, STATE } from '../../src/dispatch/search-attributes.js';
import { WORKFLOWS } from '../../src/dispatch/workflows.js';
import { confirmUpdate, statusQuery } from '../../src/workflows/deals/messages.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/deals/search-attributes.js';
import { nudgeFeedSignal } from '../../src/workflows/feeds/messages.js';

/** Who speaks to Temporal names workflows and messages by what they are, never by a string of their own. */

const NAMED_BY_STRING = [
  /\b(?:workflow\.(?:start|execute)|signalWithStart)(?:<[^()]*>)?\(\s*['"`]/,
  /\.(?:signal|executeUpdate|startUpdate)(?:<[^()]*>)?\(\s*['"`]/,
  /\bgetHandle\([^)]*\)\s*\.query(?:<[^()]*>)?\(\s*['"`]/,
  // The signals of the operating system (SIGTERM) are not Temporal's.
  /\b(?:workflowType|signal): ['"`](?!SIG[A-Z]+['"`])/,
];

const files = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));

const isNamedByString = (text: string): boolean => NAMED_BY_STRING.some((pattern) => pattern.test(text));

describe('the seam to Temporal', () => {
  it('runs are found by the search attribute that they set', () => {
    expect(SOURCE_TABLE).toEqual(SEARCH_ATTRIBUTES.sourceTable);
    expect(STATE).toEqual(SEARCH_ATTRIBUTES.state);
  });

  it('no workflow, signal, update or query is named by a string', () => {
    const found = [...files('src'), ...files('tools')].filter((file) => isNamedByString(readFileSync(file, 'utf8')));
    expect(found).toEqual([]);
  });

  it.each([
    "temporal.workflow.start('handOverDeal', {",
    "await temporal.workflow.execute<typeof reportDrift>(\n  'reportDrift', {",
    "handle.executeUpdate<DealStatus, [Confirmed]>('confirm', { args: [] })",
    "temporal.workflow.getHandle(id).signal('nudge')",
    "temporal.workflow\n  .getHandle(id)\n  .query('status')",
    "action: { type: 'startWorkflow', workflowType: 'sealAudit' }",
  ])('the check would find %s', (text) => {
    expect(isNamedByString(text)).toBe(true);
  });

  it('the names of the workflows are those of the worker', () => {
    const index = readFileSync('src/workflows/index.ts', 'utf8');
    const exported = [...index.matchAll(/^export \{ ([^}]+) \}/gm)].flatMap((found) => (found[1] ?? '').split(', '));
    expect(Object.values(WORKFLOWS).sort()).toEqual(exported.sort());
    expect(Object.keys(WORKFLOWS)).toEqual(Object.values(WORKFLOWS));
  });

  it('definitions of messages are plain values outside of a workflow, too', () => {
    expect(nudgeFeedSignal).toMatchObject({ type: 'signal', name: 'nudge' });
    expect(confirmUpdate).toMatchObject({ type: 'update', name: 'confirm' });
    expect(statusQuery).toMatchObject({ type: 'query', name: 'status' });
  });
});
