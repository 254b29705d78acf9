import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withEnvFiles } from '../../src/process/env-files.js';

/** What the command line knows without anything being exported. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-env-'));
  mkdirSync(join(folder, '.data'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const dotEnv = (text: string) => writeFileSync(join(folder, '.env'), text);
const running = (text: string) => writeFileSync(join(folder, '.data/env'), text);
const PLACE =
  "TEMPORAL_ADDRESS='127.0.0.1:7233'\nDATABASE_URL='postgres://here'\nDEALBRIDGE_KEY_FILE='/keys'\nTEMPORAL_CODEC_AUTH='Bearer a b'\n";

describe('settings of files', () => {
  it('are none where there is no file, and none where they are switched off', () => {
    expect(withEnvFiles({ PATH: '/bin' }, folder)).toEqual({ PATH: '/bin' });
    dotEnv('BC_COMPANY=Mine');
    expect(withEnvFiles({ DEALBRIDGE_ENV_FILES: 'off' }, folder)).toEqual({ DEALBRIDGE_ENV_FILES: 'off' });
  });

  it('fill what the environment does not say, .env before what npm start wrote', () => {
    dotEnv('# mine\nBC_COMPANY="My Company"\nLOG_LEVEL=warn\n');
    running(`${PLACE}LOG_LEVEL=debug\n`);
    expect(withEnvFiles({ BC_COMPANY: 'Theirs' }, folder)).toEqual({
      BC_COMPANY: 'Theirs',
      LOG_LEVEL: 'warn',
      TEMPORAL_ADDRESS: '127.0.0.1:7233',
      DATABASE_URL: 'postgres://here',
      DEALBRIDGE_KEY_FILE: '/keys',
      TEMPORAL_CODEC_AUTH: 'Bearer a b',
    });
  });

  it('are read whole also where the file begins with a byte order mark', () => {
    dotEnv('\uFEFFBC_COMPANY=Mine\r\nLOG_LEVEL=warn\r\n');
    expect(withEnvFiles({}, folder)).toEqual({ BC_COMPANY: 'Mine', LOG_LEVEL: 'warn' });
  });

  it.each<readonly [string, NodeJS.ProcessEnv, string]>([
    ['another Temporal', { TEMPORAL_ADDRESS: 'temporal.example.com:7233' }, ''],
    ['another ledger', { DATABASE_URL: 'postgres://there' }, ''],
    ['another ledger, in a file', { DATABASE_URL_FILE: '/run/secrets/ledger' }, ''],
    ['another ledger, in .env', {}, 'DATABASE_URL=postgres://there'],
  ])('say nothing of what runs here when the environment names %s', (_what, env, own) => {
    dotEnv(own);
    running(PLACE);
    const { DATABASE_URL, TEMPORAL_ADDRESS, DEALBRIDGE_KEY_FILE } = withEnvFiles(env, folder);
    expect([DATABASE_URL, TEMPORAL_ADDRESS]).not.toContain('postgres://here');
    expect([TEMPORAL_ADDRESS, DATABASE_URL]).not.toContain('127.0.0.1:7233');
    expect(DEALBRIDGE_KEY_FILE).toBeUndefined();
  });

  it('complete a Temporal that is the same', () => {
    running(PLACE);
    expect(withEnvFiles({ TEMPORAL_ADDRESS: '127.0.0.1:7233' }, folder)['DATABASE_URL']).toBe('postgres://here');
  });

  it('never bring a second source of keys, or of a secret', () => {
    running(PLACE);
    expect(withEnvFiles({ DEALBRIDGE_KEYS: 'a:b' }, folder)['DEALBRIDGE_KEY_FILE']).toBeUndefined();
    dotEnv('CODEC_TOKEN=one');
    expect(withEnvFiles({ CODEC_TOKEN_FILE: '/token' }, folder)['CODEC_TOKEN']).toBeUndefined();
    dotEnv('CODEC_TOKEN_FILE=/token');
    expect(withEnvFiles({ CODEC_TOKEN: 'one' }, folder)['CODEC_TOKEN_FILE']).toBeUndefined();
  });

  it('that are no UTF-8 are named with the line, instead of changing its letters', () => {
    writeFileSync(join(folder, '.env'), Buffer.from('A=1\nBC_COMPANY=Büro\n', 'latin1'));
    expect(() => withEnvFiles({}, folder)).toThrow(
      /\.env:2: expected a file of settings in UTF-8, got a line that is none$/,
    );
    rmSync(join(folder, '.env'));
  });

  it('that cannot be read are named', () => {
    mkdirSync(join(folder, '.env'));
    expect(() => withEnvFiles({}, folder)).toThrow(/\.env: expected a file of settings, .* cannot be read \(EISDIR\)$/);
  });
});
