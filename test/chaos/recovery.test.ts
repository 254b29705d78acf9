import { Faults } from '@dealbridge/simulators/kernel/faults.js';
import { describe, expect, it } from 'vitest';
import { EFFECTS } from '../../tools/chaos/effects.js';
import { createRecovery } from '../../tools/chaos/recovery.js';

const REQUEST = { method: 'GET', path: '/orders', client: '' };

function openServers() {
  const faults = new Faults();
  for (const effect of EFFECTS)
    faults.add({ id: `dataverse/read order/${effect}/1`, match: {}, effect: { kind: 'status', status: 500 } });
  faults.add({ id: 'dataverse/read order/cut/2', match: {}, nth: 2, effect: { kind: 'cut' } });
  const server = { faults };
  const none = { faults: new Faults() };
  const said: string[] = [];
  const recover = createRecovery(
    { entra: none, dataverse: server, businessCentral: none },
    {
      deals: 100,
      say: (text: string) => said.push(text),
    },
  );
  return { faults, said, recover };
}

describe('the end of a fault run', () => {
  it('leaves out what is planned once every effect has hit and nearly all deals are at rest', () => {
    const { faults, said, recover } = openServers();
    expect(recover(100)).toBe(false);
    expect(faults.take(REQUEST)).toHaveLength(EFFECTS.length);
    expect(recover(94)).toBe(false);
    expect(faults.list()).toHaveLength(EFFECTS.length + 1);
    expect(recover(95)).toBe(true);
    expect(faults.take(REQUEST)).toEqual([]);
    expect(faults.list().map(({ hit }) => hit)).toEqual(EFFECTS.map(() => 1));
    expect(recover(96)).toBe(true);
    expect(said).toEqual([
      'every kind of fault has hit and 95 of 100 deals are at rest: the 1 faults left are taken out',
    ]);
  });
});
