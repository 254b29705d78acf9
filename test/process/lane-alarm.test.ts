import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PausedLane, PausedLaneLedger } from '../../src/ledger/settings/paused-lanes.js';
import type { CredentialName } from '../../src/ledger/settings/vault.js';
import { createLaneAlarm } from '../../src/process/lane-alarm.js';
import { createLog } from '../../src/process/log.js';

/** One alarm for all workers and environments that share a sign-in. */

let logged: string[];
let advised: string[];
let paused: Map<string, PausedLane>;
let isDown: boolean;

beforeEach(() => {
  logged = [];
  advised = [];
  paused = new Map();
  isDown = false;
});

const nameOf = ({ system, address }: Pick<PausedLane, 'system' | 'address'>) => `${system} ${address}`;
const lanes: PausedLaneLedger = {
  async pause(lane) {
    if (isDown) throw new Error('no connection');
    const isNew = !paused.has(nameOf(lane));
    if (isNew) paused.set(nameOf(lane), lane);
    return isNew;
  },
  async resume(lane) {
    if (isDown) throw new Error('no connection');
    return paused.delete(nameOf(lane));
  },
  list: async () => [...paused.values()],
};

function alarmOf(address: string, credential: CredentialName = 'business-central') {
  const output = new PassThrough();
  output.on('data', (line: Buffer) => {
    const { msg, address: where, advice } = JSON.parse(line.toString());
    logged.push(`${msg}: ${where}`);
    if (advice !== undefined) advised.push(advice);
  });
  const environment = { system: 'business-central', address } as const;
  return createLaneAlarm({ environment, clientId: 'one', credential, lanes, log: createLog('test', 'info', output) });
}

const pause = { since: new Date('2026-03-31T12:00:00Z'), problem: 'ask for a token: unauthorized' };
const REFUSED = 'sign-in refused, lane paused: deals wait';

describe('an alarm', () => {
  it('is one for all environments of an app registration that Entra refuses', async () => {
    const [here, there] = [alarmOf('here'), alarmOf('there')];
    for (const alarm of [here, there, here]) await alarm.raise({ ...pause, by: 'entra' });
    expect(logged).toEqual([`${REFUSED}: app registration one`]);
    await there.clear();
    await here.clear();
    expect(logged.slice(1)).toEqual(['sign-in taken, lane goes on: app registration one']);
    expect(paused.size).toBe(0);
  });

  it('names the credential of the app registration that is refused, not that of another one', async () => {
    await alarmOf('abroad', 'business-central-us').raise({ ...pause, by: 'entra' });
    expect(advised).toEqual([expect.stringContaining('`dealbridge credentials set business-central-us`')]);
  });

  it('is one for each environment that refuses by itself', async () => {
    const [here, there] = [alarmOf('here'), alarmOf('there')];
    await here.raise({ ...pause, by: 'business-central' });
    await there.raise({ ...pause, by: 'business-central' });
    await there.clear();
    expect(logged).toEqual([`${REFUSED}: here`, `${REFUSED}: there`, 'sign-in taken, lane goes on: there']);
    expect([...paused.keys()]).toEqual(['business-central here']);
  });

  it('is told though the ledger cannot take it, once, and harms nobody', async () => {
    const alarm = alarmOf('here');
    isDown = true;
    await alarm.raise({ ...pause, by: 'business-central' });
    await alarm.raise({ ...pause, by: 'business-central' });
    await alarm.clear();
    expect(logged.filter((line) => line.startsWith(REFUSED))).toHaveLength(1);
  });
});
