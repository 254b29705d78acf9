import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { FeedRules, Rules } from './activities/rules.js';
import type { AppCredential, AppRegistration } from './clients/tokens.js';
import { DEAL_EVENTS } from './deal/events.js';
import { FEED_TABLES, type FeedTable } from './deal/ids.js';

/** The environment and the rules file, parsed once; the only reader of process.env. */
export interface Config {
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly databaseUrl: string;
  readonly sales: { readonly environmentUrl: string; readonly app: AppRegistration; readonly outcomeMs: number };
  readonly businessCentral: {
    readonly environmentUrl: string;
    readonly company: string;
    readonly app: AppRegistration;
    readonly outcomeMs: number;
    /** Requests per second that Business Central takes from one app registration. */
    readonly ratePerSecond: number;
  };
  readonly requestTimeoutMs: number;
  readonly starter: { readonly port: number; readonly host: string; readonly webhookSecret: string };
  readonly rules: Rules;
  /** Whether the starter makes sure that the feeds run. */
  readonly startsFeeds: boolean;
  readonly logLevel: string;
}

export class ConfigError extends Error {}

const url = z.url().transform((text) => text.replace(/\/+$/, ''));
const milliseconds = (fallback: number) => z.coerce.number().int().positive().default(fallback);

const environment = z.object({
  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  DATABASE_URL: z.string().min(1),
  ENTRA_TENANT_ID: z.string().min(1),
  ENTRA_LOGIN_URL: url.default('https://login.microsoftonline.com'),
  DATAVERSE_URL: url,
  DATAVERSE_CLIENT_ID: z.string().min(1),
  DATAVERSE_CLIENT_SECRET: z.string().min(1),
  /** A write of ours may land in Dataverse until this time has passed without an answer. */
  DATAVERSE_OUTCOME_MS: milliseconds(120_000),
  BC_URL: url.default('https://api.businesscentral.dynamics.com'),
  BC_ENVIRONMENT: z.string().default('Production'),
  BC_COMPANY: z.string().min(1),
  BC_CLIENT_ID: z.string().min(1),
  BC_CLIENT_SECRET: z.string().min(1),
  BC_OUTCOME_MS: milliseconds(600_000),
  BC_RATE_PER_SECOND: z.coerce.number().positive().default(20),
  REQUEST_TIMEOUT_MS: milliseconds(120_000),
  STARTER_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  STARTER_HOST: z.string().default('127.0.0.1'),
  WEBHOOK_SECRET: z.string().min(16),
  DEALBRIDGE_RULES: z.string().optional(),
  FEEDS: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

const amount = z.coerce.string().regex(/^\d+(\.\d+)?$/, 'an amount such as 5000.00');

const codeTable = z
  .record(z.string(), z.coerce.string())
  .default({})
  .transform((table) => Object.fromEntries(Object.entries(table).map(([key, code]) => [key.toUpperCase(), code])));

const documentKind = z.enum(['invoice', 'order']).default('invoice');

const feedSettings = {
  everySeconds: z.number().int().min(1).max(86_400),
  pageSize: z.number().int().min(1).max(5_000),
  from: z.union([
    z.literal('now'),
    z.iso.date('now or a date such as 2026-01-31').transform((day) => new Date(`${day}T00:00:00Z`)),
  ]),
};

const feeds = z
  .strictObject({
    everySeconds: feedSettings.everySeconds.default(30),
    pageSize: feedSettings.pageSize.default(500),
    from: feedSettings.from.default('now'),
    countDays: z.number().int().min(1).max(90).default(7),
    countAt: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day (UTC) such as 03:00')
      .default('03:00'),
    tables: z
      .partialRecord(
        z.enum(FEED_TABLES),
        z.strictObject({
          everySeconds: feedSettings.everySeconds.optional(),
          pageSize: feedSettings.pageSize.optional(),
          from: feedSettings.from.optional(),
        }),
      )
      .default({}),
  })
  .prefault({});

const rulesFile = z.strictObject({
  confirmation: z
    .union([z.literal('automatic'), z.literal('person'), z.strictObject({ automaticBelow: amount })])
    .default('person'),
  createCustomers: z.boolean().default(true),
  createItems: z.boolean().default(false),
  writeInAccount: z.coerce.string().optional(),
  freightAccount: z.coerce.string().optional(),
  units: codeTable,
  countries: codeTable,
  opportunityColumns: z
    .strictObject({ invoiceNumber: z.string().optional(), status: z.string().optional(), total: z.string().optional() })
    .default({}),
  invoiceColumns: z.strictObject({ status: z.string().optional(), remaining: z.string().optional() }).default({}),
  events: z
    .array(z.enum(DEAL_EVENTS))
    .min(1, `at least one of ${DEAL_EVENTS.join(', ')}`)
    .default([...DEAL_EVENTS]),
  settleSeconds: z.number().min(0).max(600).default(2),
  documents: z
    .strictObject({
      opportunityWon: documentKind,
      quoteWon: documentKind,
      orderCreated: documentKind,
      orderSubmitted: documentKind,
    })
    .prefault({}),
  orderPosting: z.enum(['ship-and-invoice', 'warehouse']).default('warehouse'),
  closeOrders: z.boolean().default(false),
  feeds,
});

/** @throws ConfigError that names every bad setting at once, with what was found. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = environment.safeParse(env);
  if (!parsed.success) throw new ConfigError(describe('setting', parsed.error, env));
  const e = parsed.data;
  const app = (clientId: string, secret: string, scope: string): AppRegistration => ({
    tenantId: e.ENTRA_TENANT_ID,
    clientId,
    credential: { kind: 'secret', secret } satisfies AppCredential,
    scope,
    loginOrigin: e.ENTRA_LOGIN_URL,
  });
  return {
    temporal: { address: e.TEMPORAL_ADDRESS, namespace: e.TEMPORAL_NAMESPACE },
    databaseUrl: e.DATABASE_URL,
    sales: {
      environmentUrl: e.DATAVERSE_URL,
      app: app(e.DATAVERSE_CLIENT_ID, e.DATAVERSE_CLIENT_SECRET, `${e.DATAVERSE_URL}/.default`),
      outcomeMs: e.DATAVERSE_OUTCOME_MS,
    },
    businessCentral: {
      environmentUrl: `${e.BC_URL}/v2.0/${e.ENTRA_TENANT_ID}/${encodeURIComponent(e.BC_ENVIRONMENT)}`,
      company: e.BC_COMPANY,
      app: app(e.BC_CLIENT_ID, e.BC_CLIENT_SECRET, 'https://api.businesscentral.dynamics.com/.default'),
      outcomeMs: e.BC_OUTCOME_MS,
      ratePerSecond: e.BC_RATE_PER_SECOND,
    },
    requestTimeoutMs: e.REQUEST_TIMEOUT_MS,
    starter: { port: e.STARTER_PORT, host: e.STARTER_HOST, webhookSecret: e.WEBHOOK_SECRET },
    rules: parseRules(e.DEALBRIDGE_RULES ? readFileSync(e.DEALBRIDGE_RULES, 'utf8') : ''),
    startsFeeds: e.FEEDS === 'on',
    logLevel: e.LOG_LEVEL,
  };
}

/** @throws ConfigError */
export function parseRules(yaml: string): Rules {
  const found: unknown = parseYaml(yaml) ?? {};
  const parsed = rulesFile.safeParse(found);
  if (!parsed.success) throw new ConfigError(describe('rule', parsed.error, found));
  const { confirmation, createCustomers, createItems, writeInAccount, freightAccount } = parsed.data;
  const { units, countries, opportunityColumns } = parsed.data;
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
    lines: { writeInAccount, freightAccount, units },
    opportunityColumns,
    invoiceColumns: parsed.data.invoiceColumns,
    events: new Set(parsed.data.events),
    settleMs: parsed.data.settleSeconds * 1_000,
    documents: parsed.data.documents,
    orderPosting: parsed.data.orderPosting,
    closeOrders: parsed.data.closeOrders,
    hasOpportunityColumns: Object.values(opportunityColumns).some((column) => column !== undefined),
    countries,
    writeInTextLength: 500,
    feeds: toFeedRules(parsed.data.feeds),
  };
}

function toFeedRules({ everySeconds, pageSize, from, countDays, countAt, tables }: z.infer<typeof feeds>): FeedRules {
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

function describe(what: string, error: z.ZodError, found: unknown): string {
  const lines = error.issues.map((issue) => {
    const name = issue.path.join('.') || '(the whole)';
    const value = issue.path.reduce<unknown>(
      (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
      found,
    );
    const shown = /SECRET|DATABASE/.test(name) ? 'a value that is not shown' : JSON.stringify(value);
    return `  ${what} ${name}: found ${value === undefined ? 'nothing' : shown}; ${issue.message}`;
  });
  return `The configuration is not usable:\n${lines.join('\n')}`;
}
