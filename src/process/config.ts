import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import type { AppRegistration } from '../clients/entra/tokens.js';
import { type CompanyPlace, listPlaces } from '../deal/companies.js';
import { ConfigError } from '../deal/errors.js';
import type { FeedTable } from '../deal/ids.js';
import type { MasterRules } from '../deal/masters.js';
import { companyColumns, toCompanyRules } from '../mapping/rules/companies.js';
import { toLineRules, toMapping } from '../mapping/rules/mapping.js';
import { RulesError, readRules } from '../mapping/rules/read-rules.js';
import type { FeedRules, Rules } from '../mapping/rules/rules.js';
import type { RulesFile } from '../mapping/rules/rules-file.js';
import {
  hashMapping,
  type MappingVersion,
  readMappingVersion,
  toMappingVersion,
} from '../mapping/versions/versions.js';
import { type KeySource, openKeyRing } from '../secrets/key-ring.js';
import { KeysError } from '../secrets/keys.js';

/** The environment and the rules file, parsed once; the only reader of process.env. */
export interface Config {
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly databaseUrl: string;
  /** Seals Temporal's payloads and the credentials in the ledger. */
  readonly keys: KeySource;
  readonly dataverse: {
    readonly environmentUrl: string;
    readonly app: AppRegistration;
    /** Undefined: the ledger's credential is used. */
    readonly secret: string | undefined;
    readonly ambiguityWindowMs: number;
  };
  readonly businessCentral: {
    readonly apiUrl: string;
    readonly environment: string;
    readonly environmentUrl: string;
    readonly company: string;
    /** Companies that only rules name, each with its environment. */
    readonly furtherCompanies: readonly (CompanyPlace & { readonly environmentUrl: string })[];
    readonly app: AppRegistration;
    readonly secret: string | undefined;
    readonly ambiguityWindowMs: number;
    /** Requests per second that Business Central takes from one app registration. */
    readonly ratePerSecond: number;
    /** Comes back with each notification and proves it. */
    readonly clientState: string | undefined;
  };
  readonly requestTimeoutMs: number;
  /** Set: the worker takes tasks of this version only once an operator has made it the current one. */
  readonly workerBuildId: string | undefined;
  /** How old the last look at an environment's identity may be when something is written to it. */
  readonly environmentCheckMs: number;
  readonly starter: {
    readonly port: number;
    readonly host: string;
    readonly webhookSecret: string | undefined;
    /** The address under which Business Central reaches the starter; without one nothing is subscribed. */
    readonly publicUrl: string | undefined;
    /** Requests per second that one source address may make. */
    readonly ratePerSecond: number;
    /** How many proxies stand before us, whose X-Forwarded-For is believed. */
    readonly trustedProxies: number;
  };
  /** Off: nothing runs by itself, deals are started by webhooks and by hand. */
  readonly feeds: boolean;
  /** The part of the rules that the ledger keeps, so that deals can be handed over by it later. */
  readonly mapping: MappingVersion;
  /** Without a token there is no codec endpoint. */
  readonly codec: { readonly token: string | undefined; readonly uiOrigin: string | undefined };
  readonly rules: Rules;
  readonly logLevel: string;
}

export { ConfigError };

const url = z.url().transform((text) => text.replace(/\/+$/, ''));
/** Notifications are sent over https; a simulator on this machine may do without. */
const publicUrl = url.refine(
  (text) => text.startsWith('https://') || /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(text),
  'an https address, or an http one of this machine',
);
const milliseconds = (fallback: number) => z.coerce.number().int().positive().default(fallback);

/** Shorter ones can be guessed. */
export const WEBHOOK_SECRET_LENGTH = 16;

const environment = z.object({
  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  DATABASE_URL: z.string().min(1),
  ENTRA_TENANT_ID: z.string().min(1),
  ENTRA_LOGIN_URL: url.default('https://login.microsoftonline.com'),
  DATAVERSE_URL: url,
  DATAVERSE_CLIENT_ID: z.string().min(1),
  DATAVERSE_CLIENT_SECRET: z.string().min(1).optional(),
  /** A write of ours may land in Dataverse until this time has passed without an answer. */
  DATAVERSE_AMBIGUITY_WINDOW_MS: milliseconds(120_000),
  BC_URL: url.default('https://api.businesscentral.dynamics.com'),
  BC_ENVIRONMENT: z.string().default('Production'),
  BC_COMPANY: z.string().min(1),
  BC_CLIENT_ID: z.string().min(1),
  BC_CLIENT_SECRET: z.string().min(1).optional(),
  BC_AMBIGUITY_WINDOW_MS: milliseconds(600_000),
  BC_RATE_PER_SECOND: z.coerce.number().positive().default(20),
  BC_CLIENT_STATE: z.string().min(16).max(2_048).optional(),
  REQUEST_TIMEOUT_MS: milliseconds(120_000),
  WORKER_BUILD_ID: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'letters, digits, dots and hyphens, such as a commit')
    .optional(),
  ENVIRONMENT_CHECK_SECONDS: z.coerce.number().int().min(0).max(3_600).default(60),
  STARTER_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  STARTER_HOST: z.string().default('127.0.0.1'),
  STARTER_PUBLIC_URL: publicUrl.optional(),
  STARTER_RATE_PER_SECOND: z.coerce.number().positive().default(50),
  STARTER_TRUSTED_PROXY: z.coerce.number().int().min(0).default(0),
  WEBHOOK_SECRET: z.string().min(WEBHOOK_SECRET_LENGTH).optional(),
  DEALBRIDGE_KEYS: z.string().min(1).optional(),
  DEALBRIDGE_KEY_FILE: z.string().min(1).optional(),
  CODEC_TOKEN: z.string().min(16).optional(),
  TEMPORAL_UI_ORIGIN: url.optional(),
  DEALBRIDGE_RULES: z.string().optional(),
  FEEDS: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

/** @throws ConfigError that names every bad setting at once, with what was found. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = environment.safeParse(env);
  const keyProblem = findKeyProblem(env);
  const keys = toKeySource(env);
  if (!parsed.success || keyProblem !== undefined || !keys) {
    const problems = parsed.success ? [] : describe('setting', parsed.error, env);
    throw notUsable([...problems, ...(keyProblem === undefined ? [] : [keyProblem])]);
  }
  const e = parsed.data;
  const file = e.DEALBRIDGE_RULES
    ? readFile(readFileSync(e.DEALBRIDGE_RULES, 'utf8'), basename(e.DEALBRIDGE_RULES))
    : readFile('');
  const rules = toRules(file);
  const environmentUrl = (name: string): string => toEnvironmentUrl(e.BC_URL, e.ENTRA_TENANT_ID, name);
  const app = (clientId: string, scope: string): AppRegistration => ({
    tenantId: e.ENTRA_TENANT_ID,
    clientId,
    scope,
    loginOrigin: e.ENTRA_LOGIN_URL,
  });
  return {
    temporal: { address: e.TEMPORAL_ADDRESS, namespace: e.TEMPORAL_NAMESPACE },
    databaseUrl: e.DATABASE_URL,
    keys,
    dataverse: {
      environmentUrl: e.DATAVERSE_URL,
      app: app(e.DATAVERSE_CLIENT_ID, `${e.DATAVERSE_URL}/.default`),
      secret: e.DATAVERSE_CLIENT_SECRET,
      ambiguityWindowMs: e.DATAVERSE_AMBIGUITY_WINDOW_MS,
    },
    businessCentral: {
      apiUrl: e.BC_URL,
      environment: e.BC_ENVIRONMENT,
      environmentUrl: environmentUrl(e.BC_ENVIRONMENT),
      company: e.BC_COMPANY,
      furtherCompanies: listPlaces(rules.companies, { company: e.BC_COMPANY, environment: e.BC_ENVIRONMENT }).map(
        (place) => ({ ...place, environmentUrl: environmentUrl(place.environment) }),
      ),
      app: app(e.BC_CLIENT_ID, 'https://api.businesscentral.dynamics.com/.default'),
      secret: e.BC_CLIENT_SECRET,
      ambiguityWindowMs: e.BC_AMBIGUITY_WINDOW_MS,
      ratePerSecond: e.BC_RATE_PER_SECOND,
      clientState: e.BC_CLIENT_STATE,
    },
    requestTimeoutMs: e.REQUEST_TIMEOUT_MS,
    workerBuildId: e.WORKER_BUILD_ID,
    environmentCheckMs: e.ENVIRONMENT_CHECK_SECONDS * 1_000,
    starter: {
      port: e.STARTER_PORT,
      host: e.STARTER_HOST,
      webhookSecret: e.WEBHOOK_SECRET,
      publicUrl: e.STARTER_PUBLIC_URL,
      ratePerSecond: e.STARTER_RATE_PER_SECOND,
      trustedProxies: e.STARTER_TRUSTED_PROXY,
    },
    feeds: e.FEEDS === 'on',
    rules,
    mapping: toMappingVersion(file),
    codec: { token: e.CODEC_TOKEN, uiOrigin: e.TEMPORAL_UI_ORIGIN && new URL(e.TEMPORAL_UI_ORIGIN).origin },
    logLevel: e.LOG_LEVEL,
  };
}

/** All that a command needs that only reads the ledger. @throws ConfigError */
export function loadDatabaseUrl(env: NodeJS.ProcessEnv = process.env): string {
  const url = env['DATABASE_URL'];
  if (!url)
    throw new ConfigError('DATABASE_URL: expected the address of the ledger, such as postgres://…, got nothing');
  return url;
}

/** reference/business-central 1.1. */
export function toEnvironmentUrl(apiUrl: string, tenantId: string, environment: string): string {
  return `${apiUrl}/v2.0/${tenantId}/${encodeURIComponent(environment)}`;
}

/** @throws ConfigError that names every fault with its line and column. */
export function parseRules(yaml: string, file?: string): Rules {
  return toRules(readFile(yaml, file));
}

/**
 * The rules of today with the mapping of a kept version: by it a document is made; who confirms it, what may be created,
 * which company it goes to and everything that is not about one document stays as it is today.
 * @throws ConfigError when it was altered, or when this version of the program knows a rule of it no more.
 */
export function withMappingOf(today: Rules, { hash, content }: MappingVersion): Rules {
  const found = hashMapping(content);
  if (found !== hash) throw new ConfigError(`the mapping ${hash} was altered: its content has the hash ${found}`);
  try {
    const then = toRules(readMappingVersion(content));
    const { items, billTo } = then.masters;
    return {
      ...today,
      lines: then.lines,
      mapping: { ...then.mapping, read: [...then.mapping.read, ...companyColumns(today.companies)] },
      mappingHash: hash,
      totals: then.totals,
      documents: then.documents,
      masters: { ...today.masters, items, billTo },
    };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [first] = error.issues;
    throw new ConfigError(`the mapping ${hash} is known no more: rule ${first?.path.join('.')}: ${first?.message}`);
  }
}

function readFile(yaml: string, file?: string): RulesFile {
  try {
    return readRules(yaml, file);
  } catch (error) {
    if (error instanceof RulesError) throw new ConfigError(error.message);
    throw error;
  }
}

function toRules(file: RulesFile): Rules {
  const { confirmation, createCustomers, createItems, createContacts, createUnits, opportunityColumns } = file;
  const companies = toCompanyRules(file.companies);
  const ofFields = toMapping(file);
  const mapping = { ...ofFields, read: [...ofFields.read, ...companyColumns(companies)] };
  return {
    policy: {
      confirmation:
        confirmation === 'automatic'
          ? { by: 'rule' }
          : confirmation === 'person'
            ? { by: 'person' }
            : { by: 'rule-below', amount: confirmation.automaticBelow },
      createCustomers,
      createItems,
    },
    lines: toLineRules(file, mapping),
    mapping,
    mappingHash: toMappingVersion(file).hash,
    createContacts,
    createUnits,
    totals: file.totals,
    masters: toMasterRules(file.masters),
    opportunityColumns,
    invoiceColumns: file.invoiceColumns,
    events: new Set(file.events),
    settleMs: file.settleSeconds * 1_000,
    documents: file.documents,
    orderPosting: file.orderPosting,
    closeOrders: file.closeOrders,
    hasOpportunityColumns: Object.values(opportunityColumns).some((column) => column !== undefined),
    writeInTextLength: 500,
    invoiceFeed: { ...file.invoiceFeed, from: file.invoiceFeed.from },
    feeds: toFeedRules(file.feeds),
    companies,
  };
}

function toMasterRules(file: RulesFile['masters']): MasterRules {
  const { fields, items, itemPattern, quietSeconds, driftAt, ...rules } = file;
  const [hour = 0, minute = 0] = driftAt.split(':').map(Number);
  return {
    ...rules,
    winsFor: fields,
    items: {
      table: items,
      pattern: itemPattern,
    },
    quietMs: quietSeconds * 1_000,
    driftAt: { hour, minute },
  };
}

function toFeedRules({ everySeconds, pageSize, from, countDays, countAt, tables }: RulesFile['feeds']): FeedRules {
  const settings = (table: FeedTable) => ({
    everySeconds: tables[table]?.everySeconds ?? everySeconds,
    pageSize: tables[table]?.pageSize ?? pageSize,
    from: tables[table]?.from ?? from,
  });
  const [hour = 0, minute = 0] = countAt.split(':').map(Number);
  return {
    tables: {
      opportunity: settings('opportunity'),
      quote: settings('quote'),
      salesorder: settings('salesorder'),
      account: settings('account'),
      contact: settings('contact'),
      product: settings('product'),
    },
    countDays,
    countAt: { hour, minute },
  };
}

/** Without keys nothing starts: history and credentials would lie open. */
function toKeySource(env: NodeJS.ProcessEnv): KeySource | undefined {
  const { DEALBRIDGE_KEYS: text, DEALBRIDGE_KEY_FILE: path } = env;
  if (text && !path) return { kind: 'text', text };
  return path && !text ? { kind: 'file', path } : undefined;
}

function findKeyProblem(env: NodeJS.ProcessEnv): string | undefined {
  const source = toKeySource(env);
  if (!source) {
    const found = env['DEALBRIDGE_KEYS'] ? 'both' : 'neither';
    return `  setting DEALBRIDGE_KEYS or DEALBRIDGE_KEY_FILE: found ${found}; one of them is right, \`dealbridge keys new\` prints a key`;
  }
  try {
    openKeyRing(source);
    return undefined;
  } catch (error) {
    if (!(error instanceof KeysError)) throw error;
    return `  setting ${source.kind === 'text' ? 'DEALBRIDGE_KEYS' : 'DEALBRIDGE_KEY_FILE'}: ${error.message}`;
  }
}

function describe(what: string, error: z.ZodError, found: unknown): string[] {
  return error.issues.map((issue) => {
    const name = issue.path.join('.') || '(the whole)';
    const value = issue.path.reduce<unknown>(
      (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
      found,
    );
    const shown = /SECRET|DATABASE|KEYS|TOKEN|CLIENT_STATE/.test(name)
      ? 'a value that is not shown'
      : JSON.stringify(value);
    return `  ${what} ${name}: found ${value === undefined ? 'nothing' : shown}; ${issue.message}`;
  });
}

function notUsable(problems: readonly string[]): ConfigError {
  return new ConfigError(`The configuration is not usable:\n${problems.join('\n')}`);
}
