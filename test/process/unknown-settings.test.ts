import { describe, expect, it } from 'vitest';
import { examineConfiguration } from '../../src/doctor/configuration.js';
import { findUnknownSettings, loadConfig } from '../../src/process/config.js';
import { createKeyLine } from '../../src/secrets/keys.js';

const WHOLE = {
  DATABASE_URL: 'postgres://dealbridge@localhost/dealbridge',
  ENTRA_TENANT_ID: 'tenant',
  DATAVERSE_URL: 'https://org.crm4.dynamics.com',
  DATAVERSE_CLIENT_ID: 'one',
  BC_COMPANY: 'Company',
  BC_CLIENT_ID: 'two',
  DEALBRIDGE_KEYS: createKeyLine(),
};

const toNames = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'given']));

describe('a setting that no one reads', () => {
  it.each([
    ['BC_COMPANIES', 'BC_COMPANY'],
    ['DESK_PUBLC_URL', 'DESK_PUBLIC_URL'],
    ['DATAVERSE_SECRET_FILE', 'DATAVERSE_CLIENT_SECRET_FILE'],
    ['STARTER_PROT', 'STARTER_PORT'],
    ['ALERT_TEAM_URL', 'ALERT_TEAMS_URL'],
    ['AUDIT_WITNES_FILE', 'AUDIT_WITNESS_FILE'],
    ['DEALBRIDGE_KEYFILE', 'DEALBRIDGE_KEY_FILE'],
    ['ENTRA_TENANT', 'ENTRA_TENANT_ID'],
    ['TEMPORAL_ADRESS', 'TEMPORAL_ADDRESS'],
    ['TEMPORAL_NAMESPCE', 'TEMPORAL_NAMESPACE'],
  ])('%s is named, with %s as the nearest right name', (name, nearest) => {
    expect(findUnknownSettings({ ...WHOLE, [name]: 'given' })).toEqual([{ name, nearest }]);
  });

  it('that resembles none is named alone', () => {
    expect(findUnknownSettings(toNames('DESK_ZZZZZZZZZZZZ'))).toEqual([
      { name: 'DESK_ZZZZZZZZZZZZ', nearest: undefined },
    ]);
  });

  it('is none of those that are read, by files too, nor one that is empty', () => {
    expect(
      findUnknownSettings({
        ...WHOLE,
        ...toNames('BC_CLIENT_SECRET_FILE', 'ALERT_SMTP_URL_FILE', 'AUDIT_TSA_CERTIFICATE_FILE', 'DESK', 'FEEDS'),
        ...toNames('TEMPORAL_TLS_CLIENT_KEY_PATH', 'STARTER_STATUS_PORT', 'DEALBRIDGE_ENV_FILES'),
        ...toNames('DEALBRIDGE_ENV_FILE', 'DEALBRIDGE_CONFIG', 'DEALBRIDGE_SECRETS', 'DEALBRIDGE_CERTIFICATES'),
        ...toNames('DEALBRIDGE_DATABASE_HOST', 'DEALBRIDGE_DATABASE_CA'),
        BC_NOTHING: '',
      }),
    ).toEqual([]);
  });

  it('is none of those that Kubernetes gives every pod for each service, nor of other programs', () => {
    expect(
      findUnknownSettings({
        ...toNames('STARTER_SERVICE_HOST', 'STARTER_SERVICE_PORT', 'DEALBRIDGE_STARTER_SERVICE_PORT_HTTP'),
        ...toNames('STARTER_PORT_8080_TCP', 'STARTER_PORT_8080_TCP_PROTO', 'STARTER_PORT_8080_TCP_PORT'),
        ...toNames('DEALBRIDGE_STARTER_PORT_8080_TCP_ADDR', 'DESK_PORT_53_UDP'),
        ...toNames('TEMPORAL_FRONTEND_SERVICE_HOST', 'PATH', 'PGUSER', 'NODE_OPTIONS'),
        DEALBRIDGE_STARTER_PORT: 'tcp://10.96.0.12:8080',
      }),
    ).toEqual([]);
  });

  it('is none of Temporal’s own', () => {
    const own = ['CODEC_ENDPOINT', 'CODEC_AUTH', 'CONFIG_FILE', 'PROFILE', 'GRPC_META_X', 'CLI_PATH', 'CLI_ADDRESS'];
    const server = ['TLS_CA', 'TLS_CERT', 'TLS_KEY', 'UI_PORT', 'UI_PUBLIC_PATH', 'CORS_ORIGINS', 'SERVICES'];
    const all = [...own, ...server, 'TLS_SERVER_CA_CERT', 'TLS_SERVER_CERT', 'TLS_SERVER_KEY', 'DEFAULT_NAMESPACE'];
    expect(findUnknownSettings(toNames(...all.map((name) => `TEMPORAL_${name}`)))).toEqual([]);
  });

  it('is a warning of the doctor, and refuses nothing', async () => {
    const env = { ...WHOLE, BC_COMPANIES: 'Company' };
    const step = examineConfiguration(
      () => loadConfig(env),
      () => findUnknownSettings(env),
    );
    const { findings } = await step.report();
    expect(findings).toContainEqual({
      ...{ check: 'BC_COMPANIES', result: 'warning', found: 'no setting is called so: it is ignored' },
      advice: 'Call it BC_COMPANY if that is meant, or take it away.',
    });
    expect(findings).toContainEqual(expect.objectContaining({ check: 'settings', result: 'ok' }));
  });

  it('is named by what refuses to start for want of the right one', async () => {
    const { BC_COMPANY: _none, ...env } = { ...WHOLE, BC_COMPANIES: 'Company' };
    expect(() => loadConfig(env)).toThrow(
      /setting BC_COMPANY: .*\n {2}unknown setting BC_COMPANIES is ignored, the nearest right name is BC_COMPANY$/,
    );
    const step = examineConfiguration(
      () => loadConfig(env),
      () => findUnknownSettings(env),
    );
    const { findings } = await step.report();
    expect(findings.map(({ check, result }) => `${check}: ${result}`)).toEqual([
      'version: ok',
      'BC_COMPANIES: warning',
      'BC_COMPANY: wrong',
    ]);
  });
});
