import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import * as untyped from '../../scripts/lib/zip.mjs';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { startProcess, stopProcess } from '../../tools/stage/process.js';
import { runCli } from '../support/cli.js';
import { type Newcomer, openNewcomer, winFirstDeal } from '../support/connecting.js';
import { until } from '../support/deals.js';
import { createNamespace } from '../support/processes.js';
import { countRequests, listChanges, readState, trackedTables } from '../support/simulated-state.js';

/** From two empty systems to a posted deal by `connect` alone, and back. */

const readZipEntry: (path: string, pattern: RegExp) => Buffer | undefined = untyped.readZipEntry;

let newcomer: Newcomer;
let before: ReturnType<typeof readState>;

beforeAll(async () => {
  newcomer = await openNewcomer();
  before = readState(newcomer.simulators);
});
afterAll(() => newcomer?.close());

const path = (name: string): string => join(newcomer.folder, name);

describe('dealbridge connect', () => {
  it('says what only a person can do, with pages and values, and writes nothing', async () => {
    const { code, stdout, stderr } = await newcomer.connect();
    const { dataverseApp, businessCentralApp } = newcomer.simulators.connection;
    expect(code).toBe(1);
    expect(stderr).toContain('not connected: set right what is said above');
    for (const line of [
      `1. App registration ${dataverseApp.clientId}: Azure portal > Microsoft Entra ID > App registrations > New registration`,
      `Application User: Power Platform admin center > Environments > the one at ${newcomer.simulators.connection.dataverse}`,
      `Admin consent: Azure portal > Microsoft Entra ID > App registrations > ${businessCentralApp.clientId} > API permissions`,
      `page Microsoft Entra Applications > New: Client ID ${businessCentralApp.clientId}`,
    ])
      expect(stdout).toContain(line);
    expect(listChanges(newcomer.simulators)).toEqual([]);
    expect(existsSync(path('.env'))).toBe(false);
    await newcomer.doTheRest();
  });

  it('shows its plan with --dry-run, and writes nothing anywhere', async () => {
    const { code, stdout } = await newcomer.connect('--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}\d+\. Sales: column opportunity\.dlb_invoicenumber, string of 20, 'Invoice number'$/m);
    expect(stdout).toMatch(/^ {2}\d+\. Business Central: subscription to salesInvoices$/m);
    expect(stdout).toContain('Nothing was written.');
    expect(listChanges(newcomer.simulators)).toEqual([]);
    expect([existsSync(path('.env')), existsSync(path('rules.yaml'))]).toEqual([false, false]);
    expect(readState(newcomer.simulators)).toEqual(before);
  });

  it('makes what it has planned, and the doctor finds nothing wrong in it', async () => {
    const { code, stdout, stderr } = await newcomer.connect('--export-solution', path('solution.zip'));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^33 done\.$/m);
    expect(stdout).toMatch(/^ok {2}dataverse: webhooks \(12\)$/m);
    expect(stdout).toMatch(/^12 answers, \d+\.\d s$/m);
    console.log(`connect: ${stdout.trim().split('\n').at(-1)}, four things done by a person`);
    for (const secret of [
      newcomer.simulators.connection.dataverseApp,
      newcomer.simulators.connection.businessCentralApp,
    ])
      expect(stdout + stderr + readFileSync(path('.env'), 'utf8')).not.toContain(secret.clientSecret);
    expect(statSync(path('.env')).mode & 0o777).toBe(0o600);
    expect(trackedTables(newcomer.simulators)).toEqual(
      expect.arrayContaining(['opportunity', 'quote', 'salesorder', 'account', 'contact', 'product']),
    );
    const { store } = newcomer.simulators.dataverse;
    const form = [...store.all('systemform')].find((row) => row['objecttypecode'] === 'opportunity');
    expect(form?.['formxml']).toContain('datafieldname="dlb_invoicenumber"');
    expect(store.unpublished).toEqual([]);
    const customizations = readZipEntry(path('solution.zip'), /^customizations\.xml$/)?.toString('utf8');
    expect(customizations).toContain('<LogicalName>dlb_invoicenumber</LogicalName>');
    expect(readZipEntry(path('solution.zip'), /^solution\.xml$/)?.toString('utf8')).toContain('<Managed>0</Managed>');
  });

  it('changes nothing the second time, and says so', async () => {
    const since = countRequests(newcomer.simulators);
    const files = ['.env', 'rules.yaml'].map((name) => readFileSync(path(name), 'utf8'));
    const { code, stdout } = await newcomer.connect();
    expect(code).toBe(0);
    expect(stdout).toContain('Everything is as it should be; nothing is left to do.');
    expect(stdout).toMatch(/^ {2}note: subscriptions to salesInvoices, .*: the starter makes them/m);
    expect(listChanges(newcomer.simulators, since)).toEqual([]);
    expect(['.env', 'rules.yaml'].map((name) => readFileSync(path(name), 'utf8'))).toEqual(files);
  });

  it('takes back exactly what it made, but for change tracking, which nobody can turn off', async () => {
    const { code, stdout } = await newcomer.connect('--undo', '--yes');
    expect(code).toBe(0);
    expect(stdout.match(/^ {2}stays: .*/gm)).toHaveLength(6);
    expect(stdout.match(/^ {2}stays: .*change tracking of .*: Dataverse cannot turn it off$/gm)).toHaveLength(6);
    expect(readState(newcomer.simulators)).toEqual(before);
    expect([existsSync(path('.env')), existsSync(path('rules.yaml'))]).toEqual([false, false]);
  });
});

describe('what connect has set up', () => {
  let env: NodeJS.ProcessEnv;
  let database: Database;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    expect((await newcomer.connect()).code).toBe(0);
    const namespace = `connect-${process.pid}`;
    const connection = await Connection.connect({ address: inject('temporalAddress') });
    await createNamespace(connection, namespace);
    await connection.close();
    env = {
      ...newcomer.env,
      ...parseEnv(readFileSync(path('.env'), 'utf8')),
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: namespace,
      STARTER_PORT: String(newcomer.port),
      DESK_PORT: '0',
      LOG_LEVEL: 'warn',
    };
    database = openDatabase(newcomer.ledger.url);
  });
  afterAll(async () => {
    await Promise.all(running.map((child) => stopProcess(child, 'SIGTERM')));
    await database?.close();
  });

  it('lets worker and starter run, which subscribe to Business Central', async () => {
    for (const name of ['worker', 'starter']) {
      const program = { name, path: resolve(`dist/${name}.js`), args: [], env };
      running.push((await startProcess(program, ['inherit', 'inherit'])).child);
    }
    await until(() => newcomer.simulators.businessCentral.subscriptions.list().length === 5);
  });

  it('leads to a posted deal: the seller wins, a person confirms, the number stands in Sales', async () => {
    const { businessCentral, dataverse } = newcomer.simulators;
    const id = await winFirstDeal(newcomer.simulators);
    const ledger = createLedger(database);
    await until(async () => (await ledger.findRecord(id))?.state === 'awaiting-confirmation');
    const confirmed = await runCli(['confirm', id, '--by', 'Clerk', '--yes'], env);
    expect(confirmed.stderr).toBe('');
    const written = () => dataverse.store.find('opportunity', id)?.['dlb_invoicenumber'];
    await until(() => Boolean(written()));
    const posted = [...businessCentral.company.documents.invoice.values()].filter(({ isPosted }) => isPosted);
    expect(posted.map(({ row }) => row['number'])).toEqual([written()]);
    expect(dataverse.webhooks.deliveries).toContainEqual(
      expect.objectContaining({ message: 'Win', table: 'opportunity', status: 202 }),
    );
  });

  it('needs no more steps: a run of connect beside it changes nothing', async () => {
    const { stdout } = await newcomer.connect();
    expect(stdout).toContain('Everything is as it should be; nothing is left to do.');
    expect(stdout).not.toContain('note:');
  });
});
