import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RefusedError } from '../../src/deal/errors.js';
import { createIssuer } from '../../src/http/authentication/issuer.js';
import { takeTokens } from '../support/api-tokens.js';

const NONE = { Viewer: [], Operator: [], Approver: [], Admin: [] };
const KEYS = { match: { path: 'discovery/v2\\.0/keys' } };

let simulators: Simulators;
let token: string;
beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
  token = (await takeTokens(simulators)).get('Viewer') ?? '';
});
afterAll(() => simulators?.stop());

function open() {
  const { entra, tenant, deskApp } = simulators.connection;
  return createIssuer({
    url: `${entra}/${tenant}/v2.0`,
    clientId: deskApp.clientId,
    findClientSecret: async () => deskApp.clientSecret,
    audiences: [deskApp.clientId],
    roleNames: { rolesClaim: 'roles', groupsClaim: 'groups', byName: { ...NONE, Viewer: ['Viewer'] }, byGroup: NONE },
  });
}

describe('the token of a caller', () => {
  it.each([
    ['answers 503', { kind: 'status', status: 503 }],
    ['answers what is no JSON', { kind: 'status', status: 200, body: 'busy' }],
    ['answers what holds no keys', { kind: 'status', status: 200, body: {} }],
    ['cuts the connection', { kind: 'lose-answer', when: 'before' }],
  ] as const)('is not refused while the address of the keys %s, and is taken afterwards', async (_what, effect) => {
    const issuer = open();
    simulators.entra.faults.add({ ...KEYS, effect });
    const failure: unknown = await issuer.readToken(token).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(RefusedError);
    expect((await issuer.readToken(token)).roles).toEqual(['Viewer']);
  });

  it('is refused when none of the keys has signed it', async () => {
    await expect(open().readToken(`${token.slice(0, -4)}AAAA`)).rejects.toThrow(RefusedError);
    await expect(open().readToken('nonsense')).rejects.toThrow(RefusedError);
  });

  it('is taken whichever published key has signed it, and no more once its key is taken back', async () => {
    const rotate = (body: object) =>
      fetch(`${simulators.connection.entra}/_sim/keys/rotate`, { method: 'POST', body: JSON.stringify(body) });
    await rotate({});
    const next = (await takeTokens(simulators)).get('Viewer') ?? '';
    const issuer = open();
    for (const one of [token, next]) expect((await issuer.readToken(one)).roles).toEqual(['Viewer']);
    await rotate({ emergency: true });
    const last = (await takeTokens(simulators)).get('Viewer') ?? '';
    expect((await open().readToken(last)).roles).toEqual(['Viewer']);
    await expect(open().readToken(next)).rejects.toThrow(RefusedError);
    token = last;
  });
});
