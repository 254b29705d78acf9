import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runCli, runProgram } from '../support/cli.js';
import { createDealer, until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';
import { type Certificates, createCertificates, openTlsFront, type TlsFront } from '../support/tls-front.js';

/** A Temporal that takes nobody without TLS, a client certificate and an API key, as Temporal Cloud does. */

const API_KEY = 'an-api-key-for-tests';

let certificates: Certificates;
let front: TlsFront;
let stage: Stage;

beforeAll(async () => {
  certificates = createCertificates();
  writeFileSync(certificates.path('api-key'), `${API_KEY}\n`, { mode: 0o600 });
  front = await openTlsFront({
    behind: inject('temporalAddress'),
    certificates,
    apiKey: API_KEY,
    asksForCertificate: true,
  });
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/automatic.yaml',
    env: {
      TEMPORAL_ADDRESS: front.address,
      TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.path('ca.pem'),
      TEMPORAL_TLS_CLIENT_CERT_PATH: certificates.path('client.pem'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: certificates.path('client.key'),
      TEMPORAL_API_KEY_FILE: certificates.path('api-key'),
    },
  });
});
afterAll(async () => {
  await stage?.close();
  await front?.close();
  certificates?.remove();
});

const cli = (args: readonly string[], change: NodeJS.ProcessEnv = {}) => runCli(args, { ...stage.env, ...change });

describe('TLS, client certificate and API key', () => {
  it('serve worker, starter, command line and doctor', async () => {
    const dealer = createDealer(stage);
    const deal = dealer.takeKnown();
    await createSeller(stage.simulators).submitOrder(deal.id);
    await until(() => front.passed() > 0);
    await dealer.untilState(deal, 'written-back');
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
    expect((await cli(['ping'])).stdout).toBe('ledger and Temporal answer\n');
    expect((await cli(['show', deal.id])).code).toBe(0);
    const { stdout } = await cli(['doctor']);
    expect(stdout).toContain(`reachable: ${front.address}, with TLS`);
    expect(stdout).toMatch(/business-central: \d pollers?/);
  });

  it('are not what the audit trail holds of the configuration', async () => {
    const { rows } = await stage.database.query(`SELECT string_agg(after::text, '') AS kept FROM audit_entries`);
    expect(String(rows[0]?.['kept'])).not.toMatch(/BEGIN|an-api-key-for-tests/);
  });

  it('of which one is wrong end command and worker in one line', async () => {
    const wrong = { TEMPORAL_API_KEY_FILE: undefined, TEMPORAL_API_KEY: 'another-key' };
    for (const run of [cli(['ping'], wrong), runProgram('worker', { ...stage.env, ...wrong })]) {
      const { code, stderr } = await run;
      expect(stderr).toMatch(/^Temporal at \S+: it refuses the API key: correct TEMPORAL_API_KEY.*\n$/);
      expect(code).toBe(1);
    }
  });
});
