import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { runCli } from '../support/cli.js';
import { environmentOf, toExamined } from '../support/doctor.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { type ForwardProxy, openForwardProxy } from '../support/forward-proxy.js';

/** The command line in a network that lets requests out by its proxy alone: Entra, Sales and Business Central over https. */

const [LOGIN, SALES, BUSINESS_CENTRAL] = ['login.microsoftonline.com', 'sales.test', 'bc.test'];
let simulators: Simulators;
let ledger: EmbeddedLedger;
let proxy: ForwardProxy;
let env: NodeJS.ProcessEnv;
let own: NodeJS.ProcessEnv;

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 5 });
  ledger = await openEmbeddedLedger();
  const database = openDatabase(ledger.url);
  await migrate(database);
  await database.close();
  own = environmentOf(simulators, ledger.url);
  const at = (name: string): string => new URL(String(own[name])).origin;
  proxy = await openForwardProxy(
    { [LOGIN]: at('ENTRA_LOGIN_URL'), [SALES]: at('DATAVERSE_URL'), [BUSINESS_CENTRAL]: at('BC_URL') },
    'ann:secret',
  );
  const through = (name: string, host: string): string => String(own[name]).replace(at(name), `https://${host}`);
  env = {
    ...own,
    ENTRA_LOGIN_URL: through('ENTRA_LOGIN_URL', LOGIN),
    DATAVERSE_URL: through('DATAVERSE_URL', SALES),
    BC_URL: through('BC_URL', BUSINESS_CENTRAL),
    HTTPS_PROXY: proxy.address,
    NODE_EXTRA_CA_CERTS: proxy.certificate,
  };
});
afterAll(async () => {
  await proxy?.close();
  await ledger?.stop();
  await simulators?.stop();
});

async function doctor(changes: NodeJS.ProcessEnv = {}) {
  const { stdout, stderr } = await runCli(['doctor', '--json'], { ...env, ...changes });
  return { ...toExamined(JSON.parse(stdout).steps), said: stdout + stderr };
}

it('signs in and reads Business Central through it, and tells no password of it', async () => {
  const { finding, said } = await doctor();
  expect(finding('host of dataverse', 'tls').result).toBe('ok');
  expect(finding('token for business-central', 'token').result).toBe('ok');
  expect(finding('business central', 'company').result).toBe('ok');
  for (const host of [LOGIN, SALES, BUSINESS_CENTRAL]) expect(proxy.asked).toContain(`CONNECT ${host}:443`);
  expect(said).not.toContain('ann:secret');
});

it('says what to do where the proxy refuses, where its certificate is not trusted, and where its address is none', async () => {
  const refused = await doctor({ HTTPS_PROXY: proxy.address.replace('secret', 'wrong') });
  expect(refused.finding('host of entra', 'host of entra')).toMatchObject({
    result: 'wrong',
    found: 'the proxy answered 407',
    advice: expect.stringContaining('HTTPS_PROXY'),
  });
  const untrusted = await doctor({ NODE_EXTRA_CA_CERTS: undefined });
  expect(untrusted.finding('host of entra', 'host of entra').advice).toContain('NODE_EXTRA_CA_CERTS');
  const mistyped = await doctor({ HTTPS_PROXY: 'ann:secret@proxy.example.com' });
  expect(mistyped.finding('configuration', 'HTTPS_PROXY').found).toContain('expected the address of a proxy');
  expect(mistyped.said).not.toContain('ann:secret');
});

it('reaches Temporal without it, whatever gRPC reads of the environment', async () => {
  const lowerCase = { HTTPS_PROXY: undefined, https_proxy: proxy.address, http_proxy: proxy.address };
  const { finding } = await doctor({ ...lowerCase, TEMPORAL_ADDRESS: inject('temporalAddress') });
  expect(finding('temporal', 'reachable').result).toBe('ok');
  expect(finding('token for business-central', 'token').result).toBe('ok');
});

it('calls plain http what is asked without TLS, as the simulators of this machine are', async () => {
  const { ENTRA_LOGIN_URL, DATAVERSE_URL, BC_URL } = own;
  const { finding } = await doctor({ ENTRA_LOGIN_URL, DATAVERSE_URL, BC_URL });
  expect(finding('host of dataverse', 'tls').found).toContain('plain http');
  expect(finding('token for dataverse', 'token').result).toBe('ok');
});
