import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AppCredential, createTokenSource, type TokenSource } from '../../src/clients/entra/tokens.js';

/** Which credential a token is asked with, and when it is asked for anew. */

let simulators: Simulators;
let secrets: readonly string[];
let readings: number;
let onReading: () => void;
let source: TokenSource;

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
});
afterAll(() => simulators.stop());

const KNOWN = 'simulated-dataverse-secret';
const administer = (path: string, body: object) =>
  fetch(`${simulators.connection.entra}/_sim${path}`, { method: 'POST', body: JSON.stringify(body) });
/** How the token requests of one test ended. */
const answers = () => simulators.entra.requests.map((request) => request.status);

beforeEach(async () => {
  const { tenant, entra, dataverseApp } = simulators.connection;
  await administer('/lifetime', { seconds: 3_599 });
  simulators.entra.requests.length = 0;
  secrets = [KNOWN];
  readings = 0;
  onReading = () => undefined;
  source = createTokenSource(
    { tenantId: tenant, clientId: dataverseApp.clientId, scope: dataverseApp.scope, loginOrigin: entra },
    async (): Promise<readonly AppCredential[]> => {
      readings += 1;
      const found = secrets.map((secret): AppCredential => ({ kind: 'secret', secret }));
      onReading();
      return found;
    },
  );
});

describe('a token source', () => {
  it('asks once and hands the token out until it is about to expire', async () => {
    const token = await source.getToken();
    expect(await source.getToken()).toBe(token);
    expect(answers()).toEqual([200]);
    expect(readings).toBe(1);
  });

  it('asks once for many who need a token at the same time', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => source.getToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(answers()).toEqual([200]);
  });

  it('renews a token in its last five minutes, with the credential of that moment', async () => {
    await administer('/lifetime', { seconds: 299 });
    await source.getToken();
    await administer('/apps', { clientId: simulators.connection.dataverseApp.clientId, clientSecret: 'the-next-one' });
    secrets = ['the-next-one'];
    await source.getToken();
    expect(answers()).toEqual([200, 200]);
    expect(readings).toBe(2);
  });

  it('hands a token out until it ends when Entra refuses the next one, but not to whom it was refused', async () => {
    await administer('/lifetime', { seconds: 299 });
    const token = await source.getToken();
    secrets = ['ended'];
    expect(await source.getToken()).toBe(token);
    await expect(source.getToken({ renew: true })).rejects.toMatchObject({ code: 'unauthorized' });
    secrets = [KNOWN];
    await source.getToken();
    expect(answers()).toEqual([200, 401, 401, 200]);
  });

  it('after a 401 of the API it reads the credential again', async () => {
    await source.getToken();
    await source.getToken({ renew: true });
    expect(answers()).toEqual([200, 200]);
    expect(readings).toBe(2);
  });

  it('takes the one before while Entra does not know the newest yet', async () => {
    secrets = ['not-yet-known', KNOWN];
    await source.getToken();
    expect(answers()).toEqual([401, 200]);
  });

  it('reads once more when everything was refused, for a secret that was set meanwhile', async () => {
    secrets = ['ended'];
    onReading = () => {
      secrets = [KNOWN, 'ended'];
    };
    await source.getToken();
    expect(answers()).toEqual([401, 200]);
    expect(readings).toBe(2);
  });

  it('says what Entra said, and not with which secret', async () => {
    secrets = ['wrong-and-private'];
    const error: unknown = await source.getToken().catch((failed: unknown) => failed);
    expect(error).toMatchObject({
      code: 'unauthorized',
      message: 'ask for a token: unauthorized (invalid_client AADSTS7000215)',
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('private');
    expect(answers()).toEqual([401]);
    // The next one who asks finds no broken request.
    secrets = [KNOWN];
    await source.getToken();
  });

  it('a mistake that is not the credential’s is not tried with the others', async () => {
    secrets = [KNOWN, 'another'];
    const { tenant, entra, dataverseApp } = simulators.connection;
    const elsewhere = createTokenSource(
      {
        tenantId: tenant,
        clientId: dataverseApp.clientId,
        scope: 'https://nowhere.example.com/.default',
        loginOrigin: entra,
      },
      async () => secrets.map((secret) => ({ kind: 'secret', secret })),
    );
    await expect(elsewhere.getToken()).rejects.toMatchObject({ message: expect.stringContaining('AADSTS500011') });
    expect(answers()).toEqual([400]);
  });

  it('without any credential nobody is asked', async () => {
    secrets = [];
    await expect(source.getToken()).rejects.toMatchObject({
      message: 'ask for a token: unauthorized (no_credential)',
    });
    expect(answers()).toEqual([]);
  });

  const busy = { error: 'temporarily_unavailable', error_description: 'The service is busy.' };
  for (const [status, code] of [
    [429, 'throttled'],
    [500, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ] as const) {
    it(`takes a ${status} of Entra for something that passes, and hears when to ask again`, async () => {
      simulators.entra.faults.add({
        match: { path: 'token' },
        effect: { kind: 'status', status, headers: { 'retry-after': '7' }, body: busy },
      });
      await expect(source.getToken()).rejects.toMatchObject({ code, facts: { status, retryAfterMs: 7_000 } });
      expect(await source.getToken()).toBeTruthy();
    });
  }
});
