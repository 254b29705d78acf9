import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chooseDeals } from '../../tools/chaos/deals.js';

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators({ seed: 7, products: 20, accounts: 12, documents: 150 });
});
afterAll(() => simulators.stop());

it('a case that only an opportunity can be gets one, also where the deals before it take all that there are', () => {
  const { documents } = simulators.data;
  const opportunities = documents.filter(({ kind, state }) => kind === 'opportunity' && state === 0).length;
  const last = opportunities + 5;
  const cases = new Map([[last, { name: 'automatic-discount', decision: 'agree' } as const]]);
  const deals = chooseDeals(simulators, { deals: last + 1, orders: 0, cases, roll: () => 0.1 });
  expect(deals).toHaveLength(last + 1);
  expect(deals[last]).toMatchObject({ case: cases.get(last), kind: 'opportunity' });
  expect(deals.filter(({ kind }) => kind === 'opportunity')).toHaveLength(opportunities);
});
