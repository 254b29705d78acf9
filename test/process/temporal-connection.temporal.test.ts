import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/process/config.js';
import { connectTemporal } from '../../src/process/temporal-connection.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { type Certificates, createCertificates, openTlsFront, type TlsFront } from '../support/tls-front.js';

/** What is said of settings with which Temporal cannot be reached; gRPC itself says that the time is over. */

let certificates: Certificates;
let front: TlsFront;
let whole: NodeJS.ProcessEnv;

beforeAll(async () => {
  certificates = createCertificates();
  front = await openTlsFront({
    behind: inject('temporalAddress'),
    certificates,
    apiKey: 'an-api-key-for-tests',
    asksForCertificate: true,
  });
  whole = {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    ENTRA_TENANT_ID: 'tenant',
    DATAVERSE_URL: 'https://org.crm4.dynamics.com',
    DATAVERSE_CLIENT_ID: 'one',
    BC_COMPANY: 'Company',
    BC_CLIENT_ID: 'two',
    DEALBRIDGE_KEYS: createKeyLine(),
    TEMPORAL_ADDRESS: front.address,
    TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.path('ca.pem'),
    TEMPORAL_TLS_CLIENT_CERT_PATH: certificates.path('client.pem'),
    TEMPORAL_TLS_CLIENT_KEY_PATH: certificates.path('client.key'),
    TEMPORAL_API_KEY: 'an-api-key-for-tests',
  };
});
afterAll(async () => {
  await front?.close();
  certificates?.remove();
});

/** As client and as worker: each has a TLS of its own. A client that hears nothing tries until its time is over; one that is answered does not. */
function connect(change: NodeJS.ProcessEnv, connectTimeout: '1s' | '20s' = '20s'): Promise<readonly [string, string]> {
  const { temporal } = loadConfig({ ...whole, ...change });
  const outcome = async (
    open: (options: Parameters<Parameters<typeof connectTemporal>[1]>[0]) => Promise<{ close(): Promise<void> }>,
  ) => {
    try {
      await (await connectTemporal(temporal, open)).close();
      return 'connected';
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      return error instanceof Error ? error.constructor.name : 'no error';
    }
  };
  return Promise.all([
    outcome((options) => Connection.connect({ ...options, connectTimeout })),
    outcome((options) => NativeConnection.connect(options)),
  ]);
}

const withClient = (name: string): NodeJS.ProcessEnv => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: certificates.path(`${name}.pem`),
  TEMPORAL_TLS_CLIENT_KEY_PATH: certificates.path(`${name}.key`),
});

describe('a connection to Temporal', () => {
  it('is made with TLS, client certificate and API key', async () => {
    expect(await connect({})).toEqual(['connected', 'connected']);
  });

  it('is made without TLS where none of its settings is set', async () => {
    const plain = Object.fromEntries(
      Object.keys(whole)
        .filter((name) => /TLS|API_KEY/.test(name))
        .map((name) => [name, undefined]),
    );
    expect(await connect({ ...plain, TEMPORAL_ADDRESS: inject('temporalAddress') })).toEqual([
      'connected',
      'connected',
    ]);
  });

  const mistakes: readonly (readonly [string, () => NodeJS.ProcessEnv, RegExp])[] = [
    [
      'no CA',
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: undefined }),
      /its certificate is not trusted: name its CA in TEMPORAL_TLS_SERVER_CA_CERT_PATH \(\w+\)/,
    ],
    [
      'no server name',
      () => ({ TEMPORAL_TLS_SERVER_NAME: undefined }),
      /its certificate names another host: set TEMPORAL_TLS_SERVER_NAME to that name/,
    ],
    [
      'no client certificate',
      () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: undefined, TEMPORAL_TLS_CLIENT_KEY_PATH: undefined }),
      /it asks for a client certificate: correct TEMPORAL_TLS_CLIENT_CERT_PATH/,
    ],
    [
      "a stranger's certificate",
      () => withClient('stranger'),
      /it refuses the client certificate: correct TEMPORAL_TLS_/,
    ],
    [
      'no TLS at all',
      () => ({
        ...Object.fromEntries(
          Object.keys(whole)
            .filter((name) => /TLS|API_KEY/.test(name))
            .map((name) => [name, undefined]),
        ),
      }),
      /it speaks TLS: set TEMPORAL_TLS=on/,
    ],
    [
      'TLS to a server that has none',
      () => ({ TEMPORAL_ADDRESS: inject('temporalAddress') }),
      /it does not speak TLS: set TEMPORAL_TLS=off, or correct TEMPORAL_ADDRESS/,
    ],
  ];
  it.each([
    ['another API key', 'another', /it refuses the API key: correct TEMPORAL_API_KEY/],
    ['no API key', undefined, /it wants an API key: set TEMPORAL_API_KEY/],
  ])('with %s fails by a line that names the setting', async (_what, key, right) => {
    // The worker's connection tells no codes; a process makes the client's before it.
    const [client, worker] = await connect({ TEMPORAL_API_KEY: key });
    expect(client).toMatch(right);
    expect(worker).toBe('TransportError');
  });

  for (const [what, change, right] of mistakes) {
    it(`with ${what} fails by a line that names the setting`, async () => {
      for (const said of await connect(change(), '1s')) expect(said).toMatch(right);
    });
  }
});
