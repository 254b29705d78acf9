import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDealWorld } from '../support/deal-world.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** A worker loads the modules of its workflows once for all runs: what belongs to a run stands in none of them. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

function listSources(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name));
}

describe('the modules of the workflows', () => {
  it('keep no variable of their own, nor do those of the deal that they share', () => {
    const sources = ['src/workflows', 'src/deal'].flatMap(listSources);
    expect(sources.length).toBeGreaterThan(80);
    const variables = sources.filter((path) => /^(?:export )?(?:let|var) /m.test(readFileSync(path, 'utf8')));
    expect(variables).toEqual([]);
  });

  it('let two runs that take turns each tell their own state', async () => {
    const world = makeDealWorld(skipping);
    const first = await world.start();
    await first.until('awaiting-confirmation');
    const other = await makeDealWorld(skipping).start();
    await other.until('awaiting-confirmation');
    const told = async ({ handle }: typeof first) =>
      ((await handle.fetchHistory()).events ?? []).filter(
        (event) => event.upsertWorkflowSearchAttributesEventAttributes,
      ).length;
    expect([await told(first), await told(other)]).toEqual([1, 1]);
    // Its steps are answered by the other world by now, in which the same deal stands.
    await first.confirm();
    await first.handle.result();
    expect([await told(first), await told(other)]).toEqual([3, 1]);
    await other.handle.terminate();
  });
});
