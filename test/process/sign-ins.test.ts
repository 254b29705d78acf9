import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
import { openDatabase } from '../../src/ledger/database.js';
import { type SignIn, watchSignIns } from '../../src/process/sign-ins.js';

/** What a starter says while Entra refuses it, and when it is ready. */

const refused = () =>
  new RemoteApiError('entra', 'unauthorized', 'get a token', { status: 401, remoteCode: 'invalid_client' });
const busy = () => new RemoteApiError('entra', 'throttled', 'get a token', { status: 429, retryAfterMs: 40_000 });

function watch(sales: readonly Error[], finance: readonly Error[] = [], deskUrl: string | undefined = 'http://desk') {
  const said: string[] = [];
  const pauses: number[] = [];
  const log = pino({}, { write: (line: string) => void said.push(JSON.parse(line).msg) });
  const failing = (system: SignIn['system'], failures: readonly Error[]): SignIn => {
    const left = [...failures];
    return {
      system,
      async ask() {
        const next = left.shift();
        if (next) throw next;
      },
    };
  };
  const signIns = watchSignIns([failing('Sales', sales), failing('Business Central', finance)], {
    log,
    deskUrl,
    pause: async (ms) => void pauses.push(ms),
  });
  return { signIns, said, pauses };
}

describe('the sign-ins of a starter', () => {
  it('that work at once make it ready without a word', async () => {
    const { signIns, said } = watch([]);
    expect(signIns.work()).toBe(false);
    expect(await signIns.all).toBe(true);
    expect(signIns.work()).toBe(true);
    expect(said).toEqual([]);
  });

  it('a refused secret is named in one line with the desk, once, until another is taken', async () => {
    const { signIns, said, pauses } = watch([refused(), refused(), refused()]);
    expect(await signIns.all).toBe(true);
    expect(said).toEqual([
      "not ready: setting DATAVERSE_CLIENT_SECRET: expected a secret that Entra takes, there or, where it is not set, by `dealbridge credentials set dataverse`, got a refusal of Entra's (401 invalid_client); the desk is open at http://desk",
    ]);
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
  });

  it('both are named when both are refused', async () => {
    const { signIns, said } = watch([refused()], [refused(), refused()]);
    expect(await signIns.all).toBe(true);
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/DATAVERSE_CLIENT_SECRET.*BC_CLIENT_SECRET/);
    expect(said[1]).not.toContain('DATAVERSE_CLIENT_SECRET');
  });

  it('Entra that is busy is waited for, as long as it says', async () => {
    const { signIns, said, pauses } = watch([busy()]);
    expect(await signIns.all).toBe(true);
    expect(said).toEqual([
      'not ready: waiting for Entra (sign-in to Sales): get a token: throttled (429); the desk is open at http://desk',
    ]);
    expect(pauses).toEqual([40_000]);
  });

  it('a ledger that does not give the secret is waited for, and named', async () => {
    const database = openDatabase('postgres://ann:secret@127.0.0.1:9/ledger');
    const away = await database.query('SELECT 1').catch((error: Error) => error);
    await database.close();
    if (!(away instanceof Error)) throw new Error('nobody should listen there');
    const { signIns, said } = watch([away, away]);
    expect(await signIns.all).toBe(true);
    expect(said).toEqual([
      'not ready: waiting for PostgreSQL (sign-in to Sales): connect ECONNREFUSED 127.0.0.1:9; the desk is open at http://desk',
    ]);
  });

  it('stopping ends the waiting, and it is not ready', async () => {
    const log = pino({ level: 'silent' });
    const signIns = watchSignIns([{ system: 'Sales', ask: () => Promise.reject(refused()) }], {
      log,
      deskUrl: undefined,
    });
    signIns.stop();
    expect(await signIns.all).toBe(false);
    expect(signIns.work()).toBe(false);
  });

  it('a sign-in that is taken after it was stopped begins nothing any more', async () => {
    let answer = (): void => undefined;
    const ask = () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      });
    const signIns = watchSignIns([{ system: 'Sales', ask }], { log: pino({ level: 'silent' }), deskUrl: undefined });
    signIns.stop();
    answer();
    expect(await signIns.all).toBe(false);
  });
});
