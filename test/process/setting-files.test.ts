import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, loadDatabaseUrl } from '../../src/process/config.js';
import { toEffectiveSettings } from '../../src/process/effective-settings.js';
import { SETTING_FILES } from '../../src/process/settings.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { type Certificates, createCertificates } from '../support/tls-front.js';

/** Secrets as files, as container engines mount them. */

const WHOLE = {
  DATABASE_URL: 'postgres://dealbridge@localhost/dealbridge',
  ENTRA_TENANT_ID: 'tenant',
  DATAVERSE_URL: 'https://org.crm4.dynamics.com',
  DATAVERSE_CLIENT_ID: 'one',
  BC_COMPANY: 'Company',
  BC_CLIENT_ID: 'two',
  DEALBRIDGE_KEYS: createKeyLine(),
  DESK_CLIENT_ID: 'five',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
  AUDIT_BUCKET_URL: 'https://storage.example.com/trail',
  AUDIT_BUCKET_ACCESS_KEY_ID: 'three',
  AUDIT_BUCKET_SECRET_ACCESS_KEY: 'four',
};

let folder: string;
let certificates: Certificates;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-settings-'));
  certificates = createCertificates();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  certificates?.remove();
});

function file(name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function problem(change: NodeJS.ProcessEnv): string {
  try {
    loadConfig({ ...WHOLE, ...change });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'none';
}

/** A value that is right for every secret setting but the keys of TLS. */
const VALUE = 'postgres://a-value-of-more-than-16-characters';
const ADDRESSES: Readonly<Record<string, string>> = {
  ALERT_SMTP_URL: 'smtps://desk:secret@smtp.contoso.example:465',
  ALERT_TEAMS_URL: 'https://teams.example/workflows/1?sig=secret',
  ALERT_WEBHOOK_URL: 'https://pager.example/secret',
  HTTPS_PROXY: 'http://ann:secret@proxy.example:3128',
  HTTP_PROXY: 'http://ann:secret@proxy.example:3128',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc',
};

describe('a secret in a file', () => {
  it('is offered for every secret setting', () => {
    expect([...SETTING_FILES.keys()].sort()).toEqual([
      'ALERT_SMTP_URL',
      'ALERT_TEAMS_URL',
      'ALERT_WEBHOOK_SECRET',
      'ALERT_WEBHOOK_URL',
      'AUDIT_BUCKET_SECRET_ACCESS_KEY',
      'AUDIT_TSA_CERTIFICATE',
      'BC_CLIENT_SECRET',
      'BC_CLIENT_STATE',
      'CODEC_TOKEN',
      'DATABASE_URL',
      'DATAVERSE_CLIENT_SECRET',
      'DESK_CLIENT_SECRET',
      'HTTPS_PROXY',
      'HTTP_PROXY',
      'OTEL_EXPORTER_OTLP_HEADERS',
      'TEMPORAL_API_KEY',
      'TEMPORAL_TLS_CLIENT_CERT_DATA',
      'TEMPORAL_TLS_CLIENT_KEY_DATA',
      'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
      'WEBHOOK_SECRET',
    ]);
  });

  it('counts like the setting itself, without the line break at its end', () => {
    for (const [setting, fileSetting] of SETTING_FILES) {
      if (/^TEMPORAL_TLS|^AUDIT_TSA/.test(setting)) continue;
      const value = ADDRESSES[setting] ?? VALUE;
      const path = file(setting, `${value}\n`);
      // The secret of the desk belongs to its app registration.
      const whole = { ...WHOLE, DESK_CLIENT_ID: 'desk-app' };
      const byFile = loadConfig({ ...whole, [setting]: undefined, [fileSetting]: path });
      expect(byFile, setting).toEqual(loadConfig({ ...whole, [setting]: value }));
      expect(JSON.stringify(byFile), setting).toContain(value);
    }
    // Editors of Windows begin a file with a byte order mark, which nobody sees.
    expect(loadDatabaseUrl({ DATABASE_URL_FILE: file('url', `\uFEFF${VALUE}\r\n`) })).toBe(VALUE);
  });

  it('of a time-stamping authority holds certificates, and belongs to its address', () => {
    const whole = {
      AUDIT_TSA_URL: 'http://tsa.example/stamp',
      AUDIT_TSA_CERTIFICATE_FILE: certificates.path('ca.pem'),
    };
    const pem = readFileSync(certificates.path('ca.pem'), 'utf8').trimEnd();
    const config = loadConfig({ ...WHOLE, ...whole });
    expect(config.witnesses.timeStamps).toEqual({ url: whole.AUDIT_TSA_URL, certificates: pem });
    expect(JSON.stringify(toEffectiveSettings(config))).not.toContain('CERTIFICATE');
    expect(problem({ ...whole, AUDIT_TSA_URL: undefined })).toContain(
      'setting AUDIT_TSA_URL: expected a value, since AUDIT_TSA_CERTIFICATE_FILE is given, got nothing',
    );
    expect(problem({ ...whole, AUDIT_TSA_CERTIFICATE_FILE: undefined })).toContain(
      'setting AUDIT_TSA_CERTIFICATE_FILE: expected a value, since AUDIT_TSA_URL is given, got nothing',
    );
    expect(problem({ ...whole, AUDIT_TSA_CERTIFICATE_FILE: file('no-pem', 'no certificate') })).toMatch(
      /setting AUDIT_TSA_CERTIFICATE: expected one or more certificates in PEM, got a content that is none$/,
    );
  });

  it.each([
    ['is not there', () => '/nowhere/secret', "expected a file that can be read, got '/nowhere/secret' (ENOENT)"],
    ['is the secret itself', () => VALUE, 'expected a file that can be read, got a value that is not shown (ENOENT)'],
    [
      'is another one',
      () => 'hunter2-hunter2-hunter2',
      'expected a file that can be read, got a value that is not shown (ENOENT)',
    ],
    [
      'is no UTF-8',
      () => file('latin', Buffer.from('Schlüssel-mit-Umlaut', 'latin1')),
      "expected a file in UTF-8, got '",
    ],
    [
      'is a certificate in DER',
      () => file('der', Buffer.from('308201', 'hex')),
      "expected a certificate or key in PEM, got '",
    ],
    ['is empty', () => file('empty', '  \n'), "expected a file that holds the value, got '"],
    [
      'may be written by others',
      () => file('open', VALUE, 0o666),
      'expected a file that only its owner may write, got',
    ],
    [
      'holds too little',
      () => file('short', 'short'),
      'WEBHOOK_SECRET: expected at least 16 characters, got 5 characters',
    ],
  ])('that %s is refused by name', (_what, path, right) => {
    const said = problem({ WEBHOOK_SECRET_FILE: path() });
    expect(said).toContain(right);
    expect(said).toContain('setting WEBHOOK_SECRET');
    expect(said.split('\n')).toHaveLength(2);
  });

  it('that is missing where the setting is needed is said once', () => {
    const said = problem({ DATABASE_URL: undefined, DATABASE_URL_FILE: '/nowhere/url' });
    expect(said).toBe(
      "The configuration is not usable:\n  setting DATABASE_URL_FILE: expected a file that can be read, got '/nowhere/url' (ENOENT)",
    );
  });

  it('is refused beside the setting itself', () => {
    expect(problem({ CODEC_TOKEN: VALUE, CODEC_TOKEN_FILE: file('token', VALUE) })).toContain(
      'setting CODEC_TOKEN_FILE: expected either it or CODEC_TOKEN, got both',
    );
  });
});

describe('TLS to Temporal', () => {
  const tls = (name: string): NodeJS.ProcessEnv => ({
    TEMPORAL_TLS_CLIENT_CERT_PATH: certificates.path(`${name}.pem`),
    TEMPORAL_TLS_CLIENT_KEY_PATH: certificates.path(`${name}.key`),
  });

  it('is off unless a setting of its own, or an API key, asks for it', () => {
    expect(loadConfig(WHOLE).temporal.tls).toBeUndefined();
    expect(loadConfig({ ...WHOLE, TEMPORAL_TLS: '1' }).temporal.tls).toBeDefined();
    expect(loadConfig({ ...WHOLE, TEMPORAL_API_KEY: 'key' }).temporal.tls).toBeDefined();
    expect(loadConfig({ ...WHOLE, ...tls('client') }).temporal.tls?.certificates.client?.key).toContain('PRIVATE KEY');
  });

  it.each<readonly [string, () => NodeJS.ProcessEnv, string]>([
    [
      'an API key without TLS',
      () => ({ TEMPORAL_TLS: 'off', TEMPORAL_API_KEY: 'my-key' }),
      "setting TEMPORAL_TLS: expected on, because TEMPORAL_API_KEY would go unencrypted or mean nothing, got 'off'",
    ],
    [
      'a certificate without its key',
      () => ({ ...tls('client'), TEMPORAL_TLS_CLIENT_KEY_PATH: undefined }),
      'setting TEMPORAL_TLS_CLIENT_KEY_PATH: expected a file, since TEMPORAL_TLS_CLIENT_CERT is given, got nothing',
    ],
    [
      'the key of another certificate',
      () => ({ ...tls('client'), TEMPORAL_TLS_CLIENT_KEY_PATH: certificates.path('stranger.key') }),
      'setting TEMPORAL_TLS_CLIENT_KEY_PATH: expected the key of the client certificate, got the key of another one',
    ],
    [
      'a key in place of a certificate',
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.path('client.key') }),
      'setting TEMPORAL_TLS_SERVER_CA_CERT_PATH: expected a certificate in PEM, got a content that is not shown',
    ],
    [
      'a client certificate of X.509 version 1, which the worker does not take',
      () => tls('old'),
      'setting TEMPORAL_TLS_CLIENT_CERT_PATH: expected a certificate of X.509 version 3, as every extension makes it, got one of version 1',
    ],
    [
      'another word',
      () => ({ TEMPORAL_TLS: 'maybe' }),
      'setting TEMPORAL_TLS: expected one of 0, 1, on, off, true, false, got',
    ],
  ])('refuses %s', (_what, change, right) => {
    const said = problem(change());
    expect(said).toContain(right);
    expect(said).not.toMatch(/my-key|BEGIN/);
  });
});
