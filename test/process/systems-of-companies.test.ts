import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAccess } from '../../src/process/access.js';
import { loadConfig } from '../../src/process/config.js';
import { createFoundation, type Foundation } from '../../src/process/foundation.js';
import { openSystems } from '../../src/process/systems.js';
import { openGateway } from '../../tools/stage/gateway.js';
import { environmentOf } from '../support/doctor.js';

const RULES = `
companies:
  - { company: Nordwerk Nowhere, environment: US, when: { currency: GBP } }
  - { company: Nordwerk Inc., environment: US, when: { currency: USD } }
`;
const folder = mkdtempSync(join(tmpdir(), 'dealbridge-companies-'));
let simulators: Simulators;
let gateway: Awaited<ReturnType<typeof openGateway>>;
let foundation: Foundation;
let systems: ReturnType<typeof openSystems>;

beforeAll(async () => {
  const abroad = { environment: 'US', companyName: 'Nordwerk Inc.' };
  simulators = await startSimulators({ products: 1, accounts: 1, documents: 1, abroad });
  gateway = await openGateway(simulators, 'US');
  const rules = join(folder, 'rules.yaml');
  writeFileSync(rules, RULES);
  const settings = environmentOf(simulators, 'postgres://dealbridge@127.0.0.1:1/ledger');
  const config = loadConfig({ ...settings, DEALBRIDGE_RULES: rules, BC_URL: gateway?.origin, LOG_LEVEL: 'fatal' });
  foundation = createFoundation(config, 'test');
  systems = openSystems(config, await openAccess(config, foundation.vault));
});
afterAll(async () => {
  await systems?.close();
  await foundation?.close();
  await gateway?.stop();
  await simulators?.stop();
  rmSync(folder, { recursive: true });
});

it('a company is found by its id though one that the rules name before it is not there', async () => {
  const id = simulators.abroad?.company.id ?? '';
  expect((await systems.findCompany(id))?.companyId).toBe(id);
});

it('a company that is none of those that can be reached may be the one that cannot', async () => {
  await expect(systems.findCompany('another')).rejects.toThrow("'Nordwerk Nowhere' is none of 'Nordwerk Inc.'");
});
