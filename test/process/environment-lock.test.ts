import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
import type { Clock } from '../../src/deal/clock.js';
import { readAudit, SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { createEnvironmentLedger, type Identity } from '../../src/ledger/settings/environments.js';
import { ConfigError } from '../../src/process/config.js';
import {
  confirmAll,
  createEnvironmentLock,
  type ReadableEnvironment,
  toBusinessCentralEnvironment,
} from '../../src/process/environment-lock.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { createStoppedClock } from '../support/stopped-clock.js';
import { createSimulatedTokens } from '../support/tokens.js';

/** The environment under an address is compared with what was registered there. */

let counter: Counter;

beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());
beforeEach(() => counter.database.query('DELETE FROM environments'));

interface Place extends ReadableEnvironment {
  identity: Identity | undefined;
  looks: number;
  fails: RemoteApiError | undefined;
}

function createPlace(): Place {
  const place: Place = {
    system: 'dataverse',
    address: 'https://sales.example',
    identity: { organizationId: 'one' },
    looks: 0,
    fails: undefined,
    async readIdentity() {
      place.looks += 1;
      if (place.fails) throw place.fails;
      return place.identity;
    },
  };
  return place;
}

const lockOf = (environment: ReadableEnvironment, checkEveryMs = 0, clock: Clock = systemClock) =>
  createEnvironmentLock(environment, {
    environments: createEnvironmentLedger(counter.database),
    checkEveryMs,
    by: 'worker',
    clock,
  });

const refusalOf = (asking: Promise<void>): Promise<unknown> =>
  asking.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the environment under an address', () => {
  it('is registered once, by the first of two that start together, and the trail says so', async () => {
    const place = createPlace();
    const before = (await readAudit(counter.database, SYSTEM_CHAIN)).length;
    await Promise.all([lockOf(place).ensureSame(), lockOf(place).ensureSame()]);
    const entries = (await readAudit(counter.database, SYSTEM_CHAIN)).slice(before);
    expect(entries).toMatchObject([
      { actor: 'worker', action: 'environment registered', after: { organizationId: 'one' } },
    ]);
  });

  it('that is another one keeps a process from starting, which names both and the command', async () => {
    const place = createPlace();
    await lockOf(place).ensureSame();
    place.identity = { organizationId: 'two' };
    const refusal = await refusalOf(lockOf(place).ensureSame());
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(String(refusal)).toContain('registered organizationId one, got organizationId two');
    expect(String(refusal)).toContain('dealbridge environments accept dataverse --by NAME');
  });

  it('is looked at once in a while, not before each request', async () => {
    const place = createPlace();
    const lock = lockOf(place, 60_000);
    await Promise.all([lock.confirm('write'), lock.confirm('write')]);
    await lock.confirm('write');
    expect(place.looks).toBe(1);
  });

  it('that became another one refuses each request until it is the old one again', async () => {
    const place = createPlace();
    const lock = lockOf(place);
    await lock.confirm('create the draft');
    place.identity = { organizationId: 'two' };
    const refusal = await refusalOf(lock.confirm('create the draft'));
    expect(refusal).toMatchObject({ api: 'dataverse', code: 'other-environment', wasNotDone: true });
    place.identity = { organizationId: 'one' };
    await lock.confirm('create the draft');
  });

  it('that was accepted is for a worker that begins with it, not for one that holds ids of the old one', async () => {
    const place = createPlace();
    const lock = lockOf(place);
    await lock.ensureSame();
    place.identity = { organizationId: 'two' };
    await createEnvironmentLedger(counter.database).accept({ ...place, identity: { organizationId: 'two' } }, 'ann');
    expect(await refusalOf(lock.confirm('create the draft'))).toMatchObject({
      facts: { remoteMessage: expect.stringContaining('start it again') },
    });
    await lockOf(place).ensureSame();
  });

  it('that is not there is not registered, and cannot be asked', async () => {
    const place = createPlace();
    place.identity = undefined;
    const lock = lockOf(place);
    await lock.ensureSame();
    expect(await createEnvironmentLedger(counter.database).list()).toEqual([]);
    expect(await refusalOf(lock.confirm('create the draft'))).toMatchObject({
      code: 'other-environment',
      facts: { remoteMessage: 'no environment under https://sales.example' },
    });
  });

  it('that does not answer refuses the request as one that was not sent (I3)', async () => {
    const place = createPlace();
    place.fails = new RemoteApiError('dataverse', 'unknown-outcome', 'ask who we are', { status: 504 });
    const refusal = await refusalOf(lockOf(place).confirm('create the draft'));
    expect(refusal).toMatchObject({ code: 'unavailable', wasNotDone: true, facts: { status: 504 } });
  });
});

describe('a fact of the environment that was registered and cannot be read', () => {
  const whole = { companyId: 'one', environmentType: 'Production' };

  it('makes the environment uncertain: nothing is asked, at first as what passes, then as what a person mends', async () => {
    const place = createPlace();
    place.identity = whole;
    const clock = createStoppedClock();
    const lock = lockOf(place, 0, clock);
    await lock.confirm('create the draft');
    place.identity = { companyId: 'one' };
    expect(await refusalOf(lock.confirm('create the draft'))).toMatchObject({
      code: 'unavailable',
      message: 'read environmentType of the environment: unavailable',
    });
    clock.pass(600);
    expect(await refusalOf(lock.confirm('create the draft'))).toMatchObject({
      code: 'other-environment',
      facts: { remoteMessage: expect.stringContaining('could not read environmentType since 2026-03-31T12:00') },
    });
    place.identity = whole;
    await lock.confirm('create the draft');
    // What passed is forgotten.
    place.identity = { companyId: 'one' };
    expect(await refusalOf(lock.confirm('create the draft'))).toMatchObject({ code: 'unavailable' });
  });

  it('is not missed where it never could be read', async () => {
    const place = createPlace();
    place.identity = { companyId: 'one' };
    const lock = lockOf(place);
    await lock.confirm('create the draft');
    place.identity = whole;
    await lock.confirm('create the draft');
  });
});

describe('two environments', () => {
  it('are both looked at, whichever is asked', async () => {
    const [sales, books] = [createPlace(), createPlace()];
    const confirm = confirmAll([lockOf({ ...sales, address: 'https://sales.example' }), lockOf(books)]);
    books.fails = new RemoteApiError('business-central', 'unavailable', 'look the company up', { status: 503 });
    expect(await refusalOf(confirm('create the draft'))).toMatchObject({
      api: 'business-central',
      code: 'unavailable',
    });
    expect([sales.looks, books.looks]).toEqual([1, 1]);
  });
});

describe('Business Central', () => {
  const openBusinessCentral = () => {
    const { connection } = counter.simulators;
    const { businessCentral: apiUrl, environment, company } = connection;
    const environmentUrl = `${apiUrl}/v2.0/${connection.tenant}/${environment}`;
    const tokens = createSimulatedTokens(connection, connection.businessCentralApp);
    return toBusinessCentralEnvironment(
      { apiUrl, environment, environmentUrl, company },
      { environmentUrl, tokens, timeoutMs: 5_000, laneName: 'business-central' },
    );
  };

  it('is known by company, type and tenant', async () => {
    const { connection } = counter.simulators;
    expect(await openBusinessCentral().readIdentity()).toEqual({
      companyId: counter.companyId,
      companyName: connection.company,
      environmentType: 'Production',
      tenantId: connection.tenant,
    });
  });

  it('that became a sandbox under the same address is another environment', async () => {
    const { switches } = counter.simulators.businessCentral;
    await lockOf(openBusinessCentral()).ensureSame();
    switches.environmentType = 'Sandbox';
    const refusal = String(await refusalOf(lockOf(openBusinessCentral()).ensureSame()));
    switches.environmentType = 'Production';
    expect(refusal).toContain('environmentType Sandbox');
    expect(refusal).toContain('dealbridge environments accept business-central');
  });
});
