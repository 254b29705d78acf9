import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { pino } from 'pino';
import { createOneTimeLink, type OneTimeLink } from '../../src/http/authentication/one-time-link.js';
import { createSessions } from '../../src/http/authentication/sessions.js';
import { type ChangeStream, createChangeStream } from '../../src/http/change-stream.js';
import { createDesk, type DeskOptions } from '../../src/http/desk/desk.js';
import { createLimits } from '../../src/http/limits/limits.js';
import { createSources } from '../../src/http/limits/sources.js';
import { appendAudit, SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { findLatestChange } from '../../src/ledger/deals/list-deals.js';
import { createSessionLedger } from '../../src/ledger/desk/sessions.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createVault, type Vault } from '../../src/ledger/settings/vault.js';
import { findOutage } from '../../src/process/log.js';
import { orRefuse, parseRules, readRulesFile, toRules, withMappingOf } from '../../src/process/rules.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { type AskedMasters, createAskedMasters } from './asked-masters.js';
import { createDeskSystems, type DeskSystems } from './desk-systems.js';
import { openEmbeddedLedger } from './embedded-ledger.js';
import { COMPANY, createWaitingDeals, type WaitingDeals } from './waiting-deals.js';

/** The desk alone: pages and API over a real ledger, without processes; what it prints is kept. */
export interface DeskStage {
  readonly ledger: Ledger;
  readonly waiting: WaitingDeals;
  readonly systems: DeskSystems;
  readonly masters: AskedMasters;
  readonly vault: Vault;
  readonly origin: string;
  readonly database: Database;
  /** Who is told of changes at this moment. */
  readonly listening: ReadonlySet<object>;
  readonly printed: string[];
  readonly signIns: string[];
  readonly link: OneTimeLink;
  /** From now on nobody listens at its address. */
  stopLedger(): Promise<void>;
  close(): Promise<void>;
}

export async function openDeskStage(options: Partial<DeskOptions> = {}): Promise<DeskStage> {
  const embedded = await openEmbeddedLedger();
  const database = openDatabase(embedded.url);
  await migrate(database);
  const printed: string[] = [];
  const signIns: string[] = [];
  const listening = new Set<object>();
  const link = createOneTimeLink(() => new Date());
  const ring = openKeyRing({ kind: 'text', text: createKeyLine() });
  const lasts = { idleMinutes: 60, maxHours: 12 };
  const log = pino({ level: 'silent' });
  const ledger = createLedger(database);
  const waiting = createWaitingDeals(ledger);
  const systems = createDeskSystems(COMPANY, waiting.findDeal);
  const rules = { ...parseRules(''), mappingHash: 'the-mapping' };
  const masters = createAskedMasters();
  const vault = createVault({
    ...{ database, ring, tenantId: '0d0d0000-0000-4000-8000-00000000000d' },
    audit: (tx, entry) => appendAudit(tx, { recordId: SYSTEM_CHAIN, ...entry }),
  });
  const position = { isPaused: false, pages: 1, lastError: undefined };
  const app = createDesk({
    dependencies: {
      database,
      ledger,
      deals: waiting.commands,
      unverified: 'refused',
      feeds: {
        pause: async (table) => ({ ...position, table, isPaused: true }),
        resume: async (table) => ({ ...position, table }),
        nudge: async (table) => ({ ...position, table }),
      },
      masters: masters.commands,
      follow: masters.follow,
      vault,
      witnesses: [],
      ...systems,
      findPostingPeriod: (companyId) => systems.findPostingPeriod(companyId),
      rules,
      rulesFile: readRulesFile(''),
      makeRules: (file) => orRefuse(() => toRules(file)),
      turn: { isTaken: false },
      toRules: (mapping) => orRefuse(() => withMappingOf(rules, mapping)),
      examine: async () => [
        { step: 'temporal', findings: [{ check: 'namespace', result: 'ok', found: 'it is there' }] },
        { step: 'database', findings: [{ check: 'rights', result: 'wrong', found: 'none', advice: 'Give some.' }] },
      ],
      changeStream: countListening(
        createChangeStream(() => findLatestChange(database), 50),
        listening,
      ),
      now: () => new Date(),
      places: {
        dataverse: 'https://org.crm4.dynamics.com',
        businessCentral: 'https://businesscentral.dynamics.com/tenant/Production',
        temporalUi: 'http://127.0.0.1:8233/namespaces/default/workflows',
      },
    },
    limits: createLimits({ ratePerSecond: 10_000, sources: createSources([]), log }).all,
    publicUrl: undefined,
    sessions: createSessions(ring, createSessionLedger(database, lasts), () => new Date()),
    issuer: undefined,
    link,
    printLink: (url) => void printed.push(url),
    localName: 'tester',
    recordSignIn: async ({ name }) => void signIns.push(name),
    findAway: (error) => findOutage(error)?.system,
    log,
    ...options,
  });
  let stopped: Promise<void> | undefined;
  const stopLedger = () => {
    stopped ??= embedded.stop();
    return stopped;
  };
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    database,
    ledger,
    waiting,
    systems,
    masters,
    vault,
    listening,
    printed,
    signIns,
    link,
    stopLedger,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
      await database.close();
      await stopLedger();
    },
  };
}

function countListening(changes: ChangeStream, listening: Set<object>): ChangeStream {
  return {
    ...changes,
    listen(listener, seen) {
      const stop = changes.listen(listener, seen);
      listening.add(listener);
      return () => {
        listening.delete(listener);
        stop();
      };
    },
  };
}

/** A browser without a window: it keeps cookies by host, whatever the port, and follows redirects as one does. */
export class Browser {
  private readonly cookies = new Map<string, Map<string, string>>();

  async open(address: string | URL, init: RequestInit = {}): Promise<Response> {
    let url = new URL(address);
    let next = init;
    for (let hops = 0; hops < 10; hops += 1) {
      const jar = this.cookies.get(url.hostname) ?? new Map<string, string>();
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = new Headers(next.headers);
      if (cookie !== '') headers.set('cookie', cookie);
      const answer = await fetch(url, { ...next, headers, redirect: 'manual' });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/max-age=0/i.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
      this.cookies.set(url.hostname, jar);
      const to = answer.headers.get('location');
      if (to === null) return answer;
      url = new URL(to, url);
      next = {};
    }
    throw new Error(`${address}: too many redirects`);
  }

  /** Through the simulated Entra, as the person with this user name. */
  async signIn(origin: string, userName: string, path = '/'): Promise<Response> {
    const choose = await this.open(`${origin}/sign-in?to=${encodeURIComponent(path)}`);
    return this.open(choose.url, {
      method: 'POST',
      body: new URLSearchParams({ user: `${userName}@nordwerk.onmicrosoft.com` }),
    });
  }

  /** Sends a form as a page of the desk does. */
  async send(url: string, fields: Readonly<Record<string, string>>, csrf: string): Promise<Response> {
    const { origin } = new URL(url);
    return this.open(url, { method: 'POST', headers: { origin }, body: new URLSearchParams({ ...fields, csrf }) });
  }
}

export function csrfOf(page: string): string {
  return /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
}
