import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, loadDatabaseUrl } from '../../src/process/config.js';
import { toEffectiveSettings } from '../../src/process/effective-settings.js';
import { createKeyLine } from '../../src/secrets/keys.js';

const KEY = createKeyLine();
const WHOLE = {
  DATABASE_URL: 'postgres://dealbridge:database-password@localhost/dealbridge',
  ENTRA_TENANT_ID: 'e9da86d3-51cf-4a76-82d8-c50195c3f466',
  DATAVERSE_URL: 'https://org.crm4.dynamics.com/',
  DATAVERSE_CLIENT_ID: 'one',
  BC_COMPANY: 'Company',
  BC_CLIENT_ID: 'two',
  DEALBRIDGE_KEYS: KEY,
};

function problem(change: Readonly<Record<string, string | undefined>>): string {
  const env = Object.fromEntries(Object.entries({ ...WHOLE, ...change }).filter(([, value]) => value !== undefined));
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'none';
}

describe('the proxy that requests leave by', () => {
  const HTTPS_PROXY = 'http://ann:secret@proxy.example.com:3128';

  it('has the names that every tool knows, in lower case, too; set to nothing it is none', () => {
    expect(loadConfig(WHOLE).egress).toBeUndefined();
    const direct = 'minio.example.com';
    expect(loadConfig({ ...WHOLE, HTTPS_PROXY, NO_PROXY: direct }).egress).toEqual({ https: HTTPS_PROXY, direct });
    expect(loadConfig({ ...WHOLE, https_proxy: HTTPS_PROXY, no_proxy: direct }).egress).toEqual({
      https: HTTPS_PROXY,
      direct,
    });
    expect(loadConfig({ ...WHOLE, https_proxy: HTTPS_PROXY, HTTPS_PROXY: '' }).egress).toBeUndefined();
  });

  it('is an address, and its password stands neither in the refusal nor in the trail', () => {
    for (const wrong of [
      'ann:secret@proxy.example.com:3128',
      'socks5://ann:secret@proxy.example.com',
      'http://ann:100%secret@proxy.example.com',
      'http://secret@proxy.example.com',
    ]) {
      expect(problem({ HTTPS_PROXY: wrong })).toMatch(
        /setting HTTPS_PROXY: expected the address of a proxy such as http:.+ \(a % .+\), got a value that is not shown$/m,
      );
      expect(problem({ HTTPS_PROXY: wrong })).not.toContain('secret');
    }
    for (const right of [HTTPS_PROXY, 'http://ann:sec@ret@proxy.example.com:3128']) {
      const shown = JSON.stringify(toEffectiveSettings(loadConfig({ ...WHOLE, HTTPS_PROXY: right })));
      expect(shown).toContain('http://proxy.example.com:3128');
      expect(shown).not.toMatch(/sec|ret@/);
    }
  });

  it('is none where NO_PROXY names every host', () => {
    expect(loadConfig({ ...WHOLE, HTTPS_PROXY, NO_PROXY: '*' }).egress).toBeUndefined();
    expect(loadConfig({ ...WHOLE, HTTPS_PROXY, NO_PROXY: '.example.com, *' }).egress).toBeUndefined();
    expect(loadConfig({ ...WHOLE, HTTPS_PROXY, NO_PROXY: '*.example.com' }).egress).toBeDefined();
  });
});

it.each(['\r', ' '])('what an env-file leaves behind each value (%j) belongs to none', (rest) => {
  const names = ['ENTRA_TENANT_ID', 'DATAVERSE_URL', 'DATAVERSE_CLIENT_ID', 'BC_COMPANY', 'BC_CLIENT_ID'] as const;
  const trailing = Object.fromEntries(names.map((name) => [name, `${WHOLE[name]}${rest}`]));
  const more = { TEMPORAL_ADDRESS: 'temporal:7233', BC_ENVIRONMENT: 'Sandbox', LOG_LEVEL: 'warn' };
  const moreTrailing = Object.fromEntries(Object.entries(more).map(([name, value]) => [name, `${value}${rest}`]));
  const read = loadConfig({ ...WHOLE, ...trailing, ...moreTrailing });
  expect(JSON.stringify(read)).toBe(JSON.stringify(loadConfig({ ...WHOLE, ...more })));
});

describe('the address of the ledger', () => {
  it.each([
    'postgres://ann:pass/word@ledger/db',
    'postgres://ann:pass#word@ledger/db',
    'postgres://ann:pass%ff@ledger/db',
  ])('of %s nobody can read, which is said by its name and without the password', (DATABASE_URL) => {
    const said =
      'setting DATABASE_URL: expected an address that can be read: in its password / is %2F, # is %23, ? is %3F and % is %25, got a value that is not shown';
    expect(problem({ DATABASE_URL })).toContain(said);
    expect(() => loadDatabaseUrl({ DATABASE_URL })).toThrow(said);
  });
});

describe('the configuration', () => {
  it('is whole without secrets, which the ledger may hold', () => {
    const config = loadConfig(WHOLE);
    expect(config.dataverse.secret).toBeUndefined();
    expect(config.starter.webhookSecret).toBeUndefined();
    expect(config.codec).toEqual({ token: undefined, uiOrigin: undefined });
    expect(config.keys).toEqual({ kind: 'text', text: KEY });
  });

  it('a pause after a 429 is a second at least, and no longer than the longest', () => {
    expect(loadConfig(WHOLE).throttlePauseMs).toBe(5_000);
    expect(loadConfig({ ...WHOLE, THROTTLE_PAUSE_MS: '1000' }).throttlePauseMs).toBe(1_000);
    for (const [given, right] of [
      ['999', 'a number of at least 1000'],
      ['60001', 'a number of at most 60000'],
    ] as const)
      expect(problem({ THROTTLE_PAUSE_MS: given })).toContain(
        `setting THROTTLE_PAUSE_MS: expected ${right}, got '${given}'`,
      );
  });

  it('a lane has four steps at once in each worker, or as many as are set, within bounds', () => {
    expect(loadConfig(WHOLE).businessCentral.parallel).toBe(4);
    expect(loadConfig({ ...WHOLE, BC_PARALLEL: '50' }).businessCentral.parallel).toBe(50);
    for (const [given, right] of [
      ['0', 'a number of at least 1'],
      ['51', 'a number of at most 50'],
    ] as const)
      expect(problem({ BC_PARALLEL: given })).toContain(`setting BC_PARALLEL: expected ${right}, got '${given}'`);
  });

  it.each(['STARTER_PORT', 'DESK_PORT', 'WORKER_STATUS_PORT', 'ENVIRONMENT_CHECK_SECONDS', 'BC_RATE_PER_SECOND'])(
    '%s is digits: neither an empty text nor another way of writing is taken for a number',
    (name) => {
      for (const given of ['', ' ', '0x10', '1e3', 'true', '80,5', '８０'])
        expect(problem({ [name]: given })).toMatch(
          new RegExp(`setting ${name}: expected (a whole number|a number such as 20 or 0.5), got '${given.trim()}'`),
        );
      expect(problem({ [name]: ' 80 ' })).toBe('none');
    },
  );

  it.each([
    'DEALBRIDGE_RULES',
    'STARTER_HOST',
    'DESK_HOST',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'BC_ENVIRONMENT',
  ])('%s is not empty: neither rules of nobody nor every address of the machine is meant by it', (name) => {
    expect(problem({ [name]: '' })).toContain(`setting ${name}: expected a text, got ''`);
  });

  it('whole numbers have no fraction, and a rate may have one', () => {
    expect(problem({ BC_PARALLEL: '4.5' })).toContain("setting BC_PARALLEL: expected a whole number, got '4.5'");
    expect(loadConfig({ ...WHOLE, BC_RATE_PER_SECOND: '0.5' }).businessCentral.ratePerSecond).toBe(0.5);
    expect(problem({ BC_RATE_PER_SECOND: '0' })).toContain('setting BC_RATE_PER_SECOND: expected a number above 0');
    expect(problem({ STARTER_PORT: '-1' })).toContain('setting STARTER_PORT: expected a number of at least 0');
  });

  for (const name of ['STARTER_PUBLIC_URL', 'DATAVERSE_URL', 'BC_URL', 'TEMPORAL_UI_ORIGIN']) {
    it(`${name} with a password is refused, and neither it nor what is asked with it is shown`, () => {
      for (const url of [
        'https://deals:hush-hush@deals.example.com/hook?code=hush-hush',
        'http://deals:hush-hush@deals.example.com',
        'https://hush-hush@deals.example.com',
        'https://deals:hush/hush@deals.example.com',
        'deals:hush-hush@deals.example.com',
        'https://deals:hush-hush@deals example.com#hush',
      ]) {
        const text = problem({ [name]: url });
        expect(text).toContain(`setting ${name}: expected an`);
        expect(text).not.toContain('hush');
      }
      expect(problem({ [name]: 'https://deals:hush-hush@deals.example.com' })).toContain(
        "expected an address without user name and password, got 'https://…@deals.example.com'",
      );
    });
  }

  it('the public address has neither query nor fragment, since paths are put behind it', () => {
    for (const url of ['https://deals.example.com/?code=1', 'https://deals.example.com/#top'])
      expect(problem({ STARTER_PUBLIC_URL: url })).toContain(
        "setting STARTER_PUBLIC_URL: expected an address without query and fragment, got 'https://deals.example.com/…'",
      );
  });

  it('a secret of blanks, with blanks around it, or that is easily guessed is refused without being shown', () => {
    for (const name of [
      'DATAVERSE_CLIENT_SECRET',
      'BC_CLIENT_SECRET',
      'WEBHOOK_SECRET',
      'BC_CLIENT_STATE',
      'CODEC_TOKEN',
    ]) {
      expect(problem({ [name]: ' '.repeat(20) })).toContain(
        `setting ${name}: expected a secret, got nothing but blanks`,
      );
      for (const value of ['a-secret-for-this-test ', '\ta-secret-for-this-test', 'a-secret-for\nthis-test']) {
        expect(problem({ [name]: value })).toContain(`setting ${name}: expected`);
        expect(problem({ [name]: value })).not.toContain('a-secret-for');
      }
      expect(problem({ [name]: 'a-secret-for-this-test' })).toBe('none');
    }
    for (const name of ['WEBHOOK_SECRET', 'BC_CLIENT_STATE', 'CODEC_TOKEN']) {
      expect(problem({ [name]: 'abcabcabcabcabcabcabc' })).toContain('at least 6 different characters, got 3');
      expect(problem({ [name]: 'ein-schlüssel-für-alle' })).toContain('visible ASCII characters');
    }
  });

  it('names every bad setting at once, the keys among them', () => {
    const text = problem({ DEALBRIDGE_KEYS: undefined, BC_COMPANY: undefined, CODEC_TOKEN: 'short' });
    expect(text).toContain('setting BC_COMPANY: expected a text, got nothing');
    expect(text).toContain('setting CODEC_TOKEN: expected at least 16 characters, got 5 characters');
    expect(text).toContain('setting DEALBRIDGE_KEYS or DEALBRIDGE_KEY_FILE: expected one of them, got neither');
    expect(text).not.toContain('short');
  });

  it('refuses keys that are no keys, two sources of keys and a file that is not there', () => {
    const spoilt = KEY.slice(0, -4);
    expect(problem({ DEALBRIDGE_KEYS: spoilt })).toMatch(
      /setting DEALBRIDGE_KEYS: key 1 \('\S+'\): expected the base64/,
    );
    expect(problem({ DEALBRIDGE_KEYS: spoilt })).not.toContain(spoilt.split(':')[1]);
    expect(problem({ DEALBRIDGE_KEY_FILE: '/nowhere/keys' })).toContain('expected one of them, got both');
    const file = problem({ DEALBRIDGE_KEYS: undefined, DEALBRIDGE_KEY_FILE: '/nowhere/keys' });
    expect(file).toContain('setting DEALBRIDGE_KEY_FILE: /nowhere/keys cannot be read: ENOENT');
  });

  it('shows no secret that it refuses', () => {
    const secrets = { WEBHOOK_SECRET: 'my-hook', CODEC_TOKEN: 'my-token', DEALBRIDGE_KEYS: 'my-key' };
    expect(problem({ ...secrets, DATAVERSE_URL: 'nowhere' })).not.toMatch(/my-|database-password/);
  });

  it('takes a bucket for the seals whole or not at all, and keeps its key out of the trail', () => {
    const bucket = {
      AUDIT_BUCKET_URL: 'https://s3.eu-central-1.amazonaws.com/trail',
      AUDIT_BUCKET_ACCESS_KEY_ID: 'AKID',
      AUDIT_BUCKET_SECRET_ACCESS_KEY: 'a-secret-of-the-bucket',
    };
    const config = loadConfig({ ...WHOLE, ...bucket, AUDIT_WITNESS_FILE: '/mnt/trail/seals' });
    expect(config.witnesses).toMatchObject({ file: '/mnt/trail/seals', bucket: { retentionDays: 3_650 } });
    expect(JSON.stringify(toEffectiveSettings(config))).not.toContain('a-secret-of-the-bucket');
    expect(loadConfig(WHOLE).witnesses).toEqual({ file: undefined, bucket: undefined });
    const { AUDIT_BUCKET_URL, ...withoutAddress } = bucket;
    expect(problem({ AUDIT_BUCKET_URL })).toMatch(
      /AUDIT_BUCKET_ACCESS_KEY_ID: expected a value.*\n.*AUDIT_BUCKET_SECRET/,
    );
    expect(problem(withoutAddress)).toContain(
      'setting AUDIT_BUCKET_URL: expected a value, since the bucket has others',
    );
    for (const address of ['https://s3.example.com', 'https://s3.example.com/a/b', 'http://s3.example.com/trail']) {
      expect(problem({ ...bucket, AUDIT_BUCKET_URL: address })).toContain('setting AUDIT_BUCKET_URL: expected');
    }
  });
});

describe('the settings of the desk', () => {
  it('are the tenant of the configuration once its app registration is named', () => {
    expect(loadConfig(WHOLE).desk).toMatchObject({ host: '127.0.0.1', port: 8090, issuer: undefined });
    const { desk } = loadConfig({ ...WHOLE, DESK_CLIENT_ID: 'three', DESK_ROLES: 'Approver=Finance, Approver=Board' });
    expect(desk?.issuer).toMatchObject({
      url: `https://login.microsoftonline.com/${WHOLE.ENTRA_TENANT_ID}/v2.0`,
      audiences: ['three', 'api://three'],
      roleNames: { byName: { Approver: ['Finance', 'Board'], Viewer: ['Viewer'] }, byGroup: { Approver: [] } },
    });
    expect(loadConfig({ ...WHOLE, DESK: 'off' }).desk).toBeUndefined();
  });

  it('keep it on this machine as long as nobody can sign in, and behind https elsewhere', () => {
    expect(problem({ DESK_HOST: '0.0.0.0' })).toContain('setting DESK_HOST: expected 127.0.0.1');
    expect(problem({ DESK_HOST: '0.0.0.0', DESK_PUBLIC_URL: 'https://desk.example.com' })).toContain(
      'setting DESK_HOST',
    );
    const published = { DESK_HOST: '0.0.0.0', DESK_PUBLIC_URL: 'http://127.0.0.1:8090' };
    expect(loadConfig({ ...WHOLE, ...published }).desk).toMatchObject({ host: '0.0.0.0', issuer: undefined });
    expect(problem({ DESK_HOST: '0.0.0.0', DESK_CLIENT_ID: 'three' })).toContain('setting DESK_PUBLIC_URL');
    expect(problem({ DESK_PUBLIC_URL: 'http://desk.example.com' })).toContain('expected an https address');
    for (const elsewhere of ['https://example.com/desk', 'https://ann:pw@example.com', 'https://example.com?x=1'])
      expect(problem({ DESK_PUBLIC_URL: elsewhere })).toMatch(
        /DESK_PUBLIC_URL: expected the address of a host of its own, such/,
      );
    expect(problem({ DESK_CLIENT_ID: 'three', ENTRA_LOGIN_URL: 'http://entra.example.com' })).toContain(
      'setting DESK_ISSUER: expected an https address',
    );
    expect(problem({ DESK_CLIENT_SECRET: 'my-secret' })).toContain('setting DESK_CLIENT_ID');
    expect(problem({ DESK_ROLES: 'Boss=Board' })).toContain('setting DESK_ROLES: expected pairs such as');
  });
});
