import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Rules } from './activities/rules.js';
import type { AppRegistration } from './clients/tokens.js';
import { type KeySource, openKeyRing } from './secrets/key-ring.js';
import { KeysError } from './secrets/keys.js';

/** The environment and the rules file, parsed once; the only reader of process.env. */
export interface Config {
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly databaseUrl: string;
  /** Seals Temporal's payloads and the credentials in the ledger. */
  readonly keys: KeySource;
  readonly sales: {
    readonly environmentUrl: string;
    readonly app: AppRegistration;
    /** Undefined: the ledger's credential is used. */
    readonly secret: string | undefined;
    readonly outcomeMs: number;
  };
  readonly businessCentral: {
    readonly environmentUrl: string;
    readonly company: string;
    readonly app: AppRegistration;
    readonly secret: string | undefined;
    readonly outcomeMs: number;
    /** Requests per second that Business Central takes from one app registration. */
    readonly ratePerSecond: number;
  };
  readonly requestTimeoutMs: number;
  readonly starter: { readonly port: number; readonly host: string; readonly webhookSecret: string | undefined };
  /** Without a token there is no codec endpoint. */
  readonly codec: { readonly token: string | undefined; readonly uiOrigin: string | undefined };
  readonly rules: Rules;
  readonly logLevel: string;
}

export class ConfigError extends Error {}

const url = z.url().transform((text) => text.replace(/\/+$/, ''));
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
  DATAVERSE_OUTCOME_MS: milliseconds(120_000),
  BC_URL: url.default('https://api.businesscentral.dynamics.com'),
  BC_ENVIRONMENT: z.string().default('Production'),
  BC_COMPANY: z.string().min(1),
  BC_CLIENT_ID: z.string().min(1),
  BC_CLIENT_SECRET: z.string().min(1).optional(),
  BC_OUTCOME_MS: milliseconds(600_000),
  BC_RATE_PER_SECOND: z.coerce.number().positive().default(20),
  REQUEST_TIMEOUT_MS: milliseconds(120_000),
  STARTER_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  STARTER_HOST: z.string().default('127.0.0.1'),
  WEBHOOK_SECRET: z.string().min(WEBHOOK_SECRET_LENGTH).optional(),
  DEALBRIDGE_KEYS: z.string().min(1).optional(),
  DEALBRIDGE_KEY_FILE: z.string().min(1).optional(),
  CODEC_TOKEN: z.string().min(16).optional(),
  TEMPORAL_UI_ORIGIN: url.optional(),
  DEALBRIDGE_RULES: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

const amount = z.coerce.string().regex(/^\d+(\.\d+)?$/, 'an amount such as 5000.00');

const codeTable = z
  .record(z.string(), z.coerce.string())
  .default({})
  .transform((table) => Object.fromEntries(Object.entries(table).map(([key, code]) => [key.toUpperCase(), code])));

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
    sales: {
      environmentUrl: e.DATAVERSE_URL,
      app: app(e.DATAVERSE_CLIENT_ID, `${e.DATAVERSE_URL}/.default`),
      secret: e.DATAVERSE_CLIENT_SECRET,
      outcomeMs: e.DATAVERSE_OUTCOME_MS,
    },
    businessCentral: {
      environmentUrl: `${e.BC_URL}/v2.0/${e.ENTRA_TENANT_ID}/${encodeURIComponent(e.BC_ENVIRONMENT)}`,
      company: e.BC_COMPANY,
      app: app(e.BC_CLIENT_ID, 'https://api.businesscentral.dynamics.com/.default'),
      secret: e.BC_CLIENT_SECRET,
      outcomeMs: e.BC_OUTCOME_MS,
      ratePerSecond: e.BC_RATE_PER_SECOND,
    },
    requestTimeoutMs: e.REQUEST_TIMEOUT_MS,
    starter: { port: e.STARTER_PORT, host: e.STARTER_HOST, webhookSecret: e.WEBHOOK_SECRET },
    codec: { token: e.CODEC_TOKEN, uiOrigin: e.TEMPORAL_UI_ORIGIN && new URL(e.TEMPORAL_UI_ORIGIN).origin },
    rules: parseRules(e.DEALBRIDGE_RULES ? readFileSync(e.DEALBRIDGE_RULES, 'utf8') : ''),
    logLevel: e.LOG_LEVEL,
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

/** @throws ConfigError */
export function parseRules(yaml: string): Rules {
  const found: unknown = parseYaml(yaml) ?? {};
  const parsed = rulesFile.safeParse(found);
  if (!parsed.success) throw notUsable(describe('rule', parsed.error, found));
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
    hasOpportunityColumns: Object.values(opportunityColumns).some((column) => column !== undefined),
    countries,
    writeInTextLength: 500,
  };
}

function describe(what: string, error: z.ZodError, found: unknown): string[] {
  return error.issues.map((issue) => {
    const name = issue.path.join('.') || '(the whole)';
    const value = issue.path.reduce<unknown>(
      (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
      found,
    );
    const shown = /SECRET|DATABASE|KEYS|TOKEN/.test(name) ? 'a value that is not shown' : JSON.stringify(value);
    return `  ${what} ${name}: found ${value === undefined ? 'nothing' : shown}; ${issue.message}`;
  });
}

function notUsable(problems: readonly string[]): ConfigError {
  return new ConfigError(`The configuration is not usable:\n${problems.join('\n')}`);
}
