import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/process/config.js';
import { toEffectiveSettings } from '../../src/process/effective-settings.js';
import { createKeyLine } from '../../src/secrets/keys.js';

const ENVIRONMENT = {
  DATABASE_URL: 'postgres://ledger:ledger-password@127.0.0.1/ledger',
  ENTRA_TENANT_ID: 'contoso',
  DATAVERSE_URL: 'https://contoso.crm4.dynamics.com',
  DATAVERSE_CLIENT_ID: 'sales-client',
  DATAVERSE_CLIENT_SECRET: 'sales-secret',
  BC_COMPANY: 'CRONUS',
  BC_CLIENT_ID: 'bc-client',
  BC_CLIENT_SECRET: 'bc-secret',
  WEBHOOK_SECRET: 'a-webhook-secret-for-tests',
  STARTER_TRUSTED_PROXIES: '10.0.0.4',
  DEALBRIDGE_KEYS: createKeyLine(),
};

describe('the configuration that the audit trail may hold', () => {
  it('is flat and by name, and knows no secret', () => {
    const settings = toEffectiveSettings(loadConfig(ENVIRONMENT));
    expect(settings).toMatchObject({
      'businessCentral.company': 'CRONUS',
      'businessCentral.ratePerSecond': 20,
      'rules.policy.confirmation.by': 'person',
      'rules.policy.createCustomers': true,
      'starter.ratePerSecond': 50,
      'starter.trustedProxies.0': '10.0.0.4',
      feeds: true,
    });
    expect(settings['dataverse.environmentUrl']).toBe('https://contoso.crm4.dynamics.com');
    expect(JSON.stringify(settings)).not.toMatch(/password|-secret/i);
  });

  it('is the same for two processes of a kind that listen elsewhere, log more or are watched otherwise', () => {
    const traced = { ...ENVIRONMENT, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
    const another = {
      ...traced,
      STATUS_HOST: '0.0.0.0',
      WORKER_STATUS_PORT: '9091',
      STARTER_STATUS_PORT: '9092',
      STARTER_HOST: '0.0.0.0',
      STARTER_PORT: '8181',
      DESK_PORT: '8191',
      LOG_LEVEL: 'debug',
      OTEL_SERVICE_NAME: 'worker-two',
    };
    expect(toEffectiveSettings(loadConfig(another))).toEqual(toEffectiveSettings(loadConfig(traced)));
  });

  it('says which version worked by it', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(toEffectiveSettings(loadConfig(ENVIRONMENT))['version']).toBe(version);
  });

  it('names the mapping, which is kept apart', () => {
    const { rules, mapping } = loadConfig(ENVIRONMENT);
    const settings = toEffectiveSettings(loadConfig(ENVIRONMENT));
    expect(settings['rules.mappingHash']).toBe(mapping.hash);
    expect(rules.mappingHash).toBe(mapping.hash);
    expect(Object.keys(settings).filter((name) => name.startsWith('mapping.'))).toEqual([]);
  });

  it('leaves out whatever is called like a secret, also what a later setting brings', () => {
    const later = {
      ...loadConfig(ENVIRONMENT),
      keyRing: { current: 'k1', keys: { k1: 'hidden' } },
      console: { signInToken: 'hidden', sessionKey: 'hidden', url: 'https://ann:hidden@console.example' },
      mail: { user: 'dealbridge', Password: 'hidden' },
    };
    const settings = toEffectiveSettings(later);
    expect(JSON.stringify(settings)).not.toContain('hidden');
    expect(settings).toMatchObject({ 'console.url': 'https://console.example', 'mail.user': 'dealbridge' });
  });
});
