import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { createDealCommands } from '../dispatch/deal-commands.js';
import { createFeedCommands } from '../dispatch/feed-commands.js';
import { createMasterCommands } from '../dispatch/master-commands.js';
import { createFollowMasters } from '../dispatch/take-master-changes.js';
import { createExamination } from '../doctor/examine.js';
import { createIssuer } from '../http/authentication/issuer.js';
import { createOneTimeLink } from '../http/authentication/one-time-link.js';
import { createSessions } from '../http/authentication/sessions.js';
import { createChangeStream } from '../http/change-stream.js';
import { createDesk } from '../http/desk/desk.js';
import type { DeskDependencies } from '../http/desk-dependencies.js';
import { createLimits, toServerOptions } from '../http/limits/limits.js';
import { createSources } from '../http/limits/sources.js';
import { SYSTEM_CHAIN } from '../ledger/audit/audit.js';
import { findLatestChange } from '../ledger/deals/list-deals.js';
import { createSessionLedger } from '../ledger/desk/sessions.js';
import { createFindPostingPeriod } from '../operations/deals/posting-periods.js';
import type { Access, AllAccess } from '../process/access.js';
import { type Config, orRefuse, toRules, withMappingOf } from '../process/config.js';
import { createCredentialProvider } from '../process/credentials.js';
import { toListenError } from '../process/listen-error.js';
import { findOutage } from '../process/log.js';
import { toNearOrigin } from '../process/near-origin.js';
import type { Runtime } from '../process/runtime.js';
import { systemClock } from '../process/system-clock.js';
import { openSystems, type Systems } from '../process/systems.js';
import { userName } from '../process/user-name.js';
import { openWitnesses } from '../process/witnesses.js';
import { createDecisionProofs } from '../secrets/decision-proof.js';

/** The desk listens at an address of its own: the webhooks' is open to the other systems, this one to people alone. */

export interface OpenDesk {
  readonly url: string;
  /** Where the first person signs in when no issuer is configured. */
  readonly signInLink: string | undefined;
  close(): Promise<void>;
}

/** Undefined when it is switched off. */
export async function openDesk(config: Config, runtime: Runtime, access: AllAccess): Promise<OpenDesk | undefined> {
  const { desk } = config;
  if (!desk) return undefined;
  const { ring, database, ledger, log } = runtime;
  const link = createOneTimeLink(() => systemClock.now());
  // Not a log line: logs are collected, and this is for whoever sits at the terminal.
  const printLink = (url: string): void => void process.stdout.write(`Desk: ${url} (signs you in, once)\n`);
  const systems = openSystems(config, {
    dataverse: withinPatience(access.dataverse),
    businessCentral: withinPatience(access.businessCentral),
    businessCentralOf: (place) => withinPatience(access.businessCentralOf(place)),
  });
  const dependencies = toDependencies(config, runtime, systems);
  const { ratePerSecond, trustedProxies } = config.starter;
  const limits = createLimits({ ratePerSecond, sources: createSources(trustedProxies), log });
  const app = createDesk({
    dependencies,
    limits: limits.all,
    publicUrl: desk.publicUrl,
    sessions: createSessions(ring, createSessionLedger(database, desk), () => systemClock.now()),
    issuer: desk.issuer && createIssuer({ ...desk.issuer, findClientSecret: toClientSecret(desk.issuer, runtime) }),
    link,
    printLink,
    localName: userName(),
    recordSignIn: ({ name, roles, isVerified }) =>
      ledger.audit({
        recordId: SYSTEM_CHAIN,
        actor: { name, source: 'desk', isVerified },
        action: 'sign in',
        facts: { roles },
      }),
    findAway: (error) => findOutage(error)?.system,
    log,
  });
  const server = serve({
    fetch: app.fetch,
    port: desk.port,
    hostname: desk.host,
    serverOptions: toServerOptions(),
  });
  limits.watch(server);
  await new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error) =>
      reject(toListenError({ host: 'DESK_HOST', port: 'DESK_PORT' }, `${desk.host}:${desk.port}`, error)),
    );
  });
  const { port } = server.address() as AddressInfo;
  const url = desk.publicUrl ?? toNearOrigin(desk.host, port);
  const signInLink = desk.issuer ? undefined : `${url}/sign-in/link/${link.renew()}`;
  if (signInLink !== undefined) printLink(signInLink);
  return {
    url,
    signInLink,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      // Pages that listen for news hold theirs open. Whoever waits for an answer is given it.
      dependencies.changeStream.close();
      await Promise.race([closed, setTimeout(GRACE_MS, undefined, { ref: false })]);
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
      await systems.close();
    },
  };
}

/** A setting wins, else the newest in the ledger; a public client has neither. */
function toClientSecret(
  { clientSecret }: NonNullable<NonNullable<Config['desk']>['issuer']>,
  { vault }: Runtime,
): () => Promise<string | undefined> {
  const find = createCredentialProvider(vault, 'desk', clientSecret);
  return async () => {
    const [newest] = await find();
    return newest?.kind === 'secret' ? newest.secret : undefined;
  };
}

/** What takes longer, such as an examination of everything, is given up. */
const GRACE_MS = 10_000;

/** A person waits for the answer. */
const PATIENCE_MS = 20_000;

function withinPatience(access: Access): Access {
  return { ...access, timeoutMs: Math.min(access.timeoutMs, PATIENCE_MS) };
}

function toDependencies(
  config: Config,
  { database, ledger, ring, temporal, vault }: Runtime,
  systems: Systems,
): DeskDependencies {
  const { rules } = config;
  return {
    database,
    ledger,
    deals: createDealCommands({ temporal, ledger }, createDecisionProofs(ring, systemClock).prove),
    unverified: config.unverifiedDecisions,
    feeds: createFeedCommands(temporal),
    masters: createMasterCommands(temporal),
    follow: createFollowMasters(temporal, rules.masters),
    vault,
    dataverse: systems.dataverse,
    companyOf: systems.companyOf,
    rules,
    rulesFile: config.rulesFile,
    makeRules: (file) => orRefuse(() => toRules(file)),
    turn: { isTaken: false },
    toRules: (mapping) => orRefuse(() => withMappingOf(rules, mapping)),
    findPostingPeriod: createFindPostingPeriod({
      read: async (companyId) => (await systems.findCompany(companyId))?.readPostingPeriod(),
      now: () => systemClock.now(),
    }),
    witnesses: openWitnesses(config, database),
    async examine() {
      const examination = createExamination(() => config);
      try {
        return await Promise.all(examination.steps.map((step) => step.report()));
      } finally {
        await examination.close();
      }
    },
    changeStream: createChangeStream(() => findLatestChange(database)),
    now: () => systemClock.now(),
    places: {
      dataverse: config.dataverse.environmentUrl,
      businessCentral: toWebClient(config),
      temporalUi: config.codec.uiOrigin && `${config.codec.uiOrigin}/namespaces/${config.temporal.namespace}/workflows`,
    },
  };
}

/** Only the real service has a web client, at an address of its own (reference/business-central 1.1). */
function toWebClient({ businessCentral: { apiUrl, environment, app } }: Config): string | undefined {
  if (new URL(apiUrl).hostname !== 'api.businesscentral.dynamics.com') return undefined;
  return `https://businesscentral.dynamics.com/${app.tenantId}/${encodeURIComponent(environment)}`;
}
