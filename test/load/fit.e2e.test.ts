import { expect, it } from 'vitest';
import { countReasons, fitPlantedDeals, listWrites } from '../support/fit.js';

it('fit counts twelve reasons right among 2,000 won deals, and writes nothing', async () => {
  const stage = await fitPlantedDeals(2_000);
  try {
    expect(stage.fit.summary.deals).toBe(2_000);
    expect(stage.fit.summary.untouched).toBe(2_000 - stage.planted);
    expect(countReasons(stage.fit)).toEqual(stage.counts);
    expect(listWrites(stage.simulators)).toEqual([]);
  } finally {
    await stage.close();
  }
}, 180_000);
