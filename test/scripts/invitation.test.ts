import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toInvitation } from '../../tools/demo/invitation.js';

/** What the demonstration prints at its end is copied as it stands. */

let simulators: Simulators;
let lines: readonly string[];
beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 12 });
  const [next, waiting, held] = simulators.data.documents.filter(({ kind }) => kind === 'quote');
  if (!next || !waiting || !held) throw new Error('three quotes are needed');
  const place = { webUi: 'http://127.0.0.1:1', starterUrl: 'http://127.0.0.1:2', codecToken: 'token' };
  lines = toInvitation({ waiting, held, blockedItem: 'EQ-1', next }, simulators, place);
});
afterAll(() => simulators?.stop());

describe('the line that wins another deal', () => {
  it('wins it in a shell, as a seller does: what our own user changes starts nothing', async () => {
    const line = lines.find((one) => one.includes('WinQuote')) ?? '';
    const { stdout } = await promisify(execFile)('bash', ['-c', line]);
    expect(stdout).toBe('');
    const [, id = ''] = /quotes\(([^)]+)\)/.exec(line) ?? [];
    const { store } = simulators.dataverse;
    const quote = store.get(store.schema.table('quote'), id);
    expect(quote).toMatchObject({ statecode: 2, modifiedby: simulators.connection.salesPersonId });
  });
});
