import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { AppRegistration } from '../clients/entra/tokens.js';
import type { Egress } from '../clients/http/egress.js';
import { type CompanyPlace, listPlaces } from '../deal/companies.js';
import { ConfigError } from '../deal/errors.js';
import { laneQueue } from '../deal/lanes.js';
import type { UnverifiedDecisions } from '../deal/unverified-decisions.js';
import { decodeUtf8 } from '../deal/utf8.js';
import type { Rules } from '../mapping/rules/rules.js';
import type { RulesFile } from '../mapping/rules/rules-file.js';
import { type MappingVersion, toMappingVersion } from '../mapping/versions/versions.js';
import type { KeySource } from '../secrets/key-ring.js';
import { type AlertConfig, toAlertConfig } from './alert-settings.js';
import { type DeskConfig, toDeskConfig } from './desk-settings.js';
import { toEgress } from './egress-settings.js';
import { withEnvFiles } from './env-files.js';
import { readRulesFile, toRules } from './rules.js';
import { readSettingFiles } from './setting-files.js';
import { toLine } from './setting-problem.js';
import { databaseUrl, findUnknownSettings as findUnknownIn, readSettings, type SettingValues } from './settings.js';
import { type TelemetryConfig, toTelemetryConfig } from './telemetry-settings.js';
import type { TemporalTarget } from './temporal-connection.js';
import { toTemporalTls } from './temporal-tls.js';
import type { UnknownSetting } from './unknown-settings.js';

export { orRefuse, parseGivenRules, parseRules, toRules, withMappingOf } from './rules.js';
export { ConfigError };

/** The environment and the rules file, parsed once; the only reader of process.env. */
export interface Config {
  readonly temporal: TemporalTarget & { readonly namespace: string };
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
    /** Steps at once in each worker. */
    readonly parallel: number;
    /** Further app registrations, each with a queue and a quota of its own. */
    readonly applications: readonly ApplicationConfig[];
    /** Comes back with each notification and proves it. */
    readonly clientState: string | undefined;
  };
  readonly requestTimeoutMs: number;
  /** Undefined: requests leave by themselves. */
  readonly egress: Egress | undefined;
  /** How long a lane pauses at first where a 429 does not say it. */
  readonly throttlePauseMs: number;
  /** Set: the worker takes tasks of this version only once an operator has made it the current one. */
  readonly workerBuildId: string | undefined;
  /** How old the last look at an environment's identity may be when something is asked of it. */
  readonly environmentCheckMs: number;
  readonly starter: {
    readonly port: number;
    readonly host: string;
    readonly webhookSecret: string | undefined;
    /** The address under which Business Central reaches the starter; without one nothing is subscribed. */
    readonly publicUrl: string | undefined;
    /** Requests per second that one source address may make. */
    readonly ratePerSecond: number;
    /** Addresses and ranges of the proxies before us, whose X-Forwarded-For is believed. */
    readonly trustedProxies: readonly string[];
  };
  /** Off: nothing runs by itself, deals are started by webhooks and by hand. */
  readonly feeds: boolean;
  /** Where the seals of the audit trail are noted outside of the database, and who stamps them. */
  readonly witnesses: {
    readonly timeStamps: { readonly url: string; readonly certificates: string } | undefined;
    readonly file: string | undefined;
    readonly bucket:
      | {
          readonly url: string;
          readonly region: string;
          readonly accessKeyId: string;
          readonly secretAccessKey: string;
          readonly retentionDays: number;
        }
      | undefined;
  };
  /** On: a decision by signal counts also when it was typed into Temporal's command line without the codec endpoint. */
  readonly unsealedDecisions: boolean;
  /** The part of the rules that the ledger keeps, so that deals can be handed over by it later. */
  readonly mapping: MappingVersion;
  /** Without a token there is no codec endpoint. */
  readonly codec: { readonly token: string | undefined; readonly uiOrigin: string | undefined };
  /** Undefined: switched off. */
  readonly desk: DeskConfig | undefined;
  /** What the channels of the alerts are reached by. */
  readonly alerts: AlertConfig;
  /** Which decisions count that nobody proved; once people can sign in, none unless it is said. */
  readonly unverifiedDecisions: UnverifiedDecisions;
  readonly rules: Rules;
  readonly telemetry: TelemetryConfig;
  /** What {@link rules} were made of, defaults and all. */
  readonly rulesFile: RulesFile;
  readonly logLevel: string;
}

export interface ApplicationConfig {
  readonly name: string;
  readonly queue: string;
  readonly app: AppRegistration;
  /** False: the app registration of BC_CLIENT_ID with its secret, whose quota in another environment is another one. */
  readonly isOfItsOwn: boolean;
  readonly ratePerSecond: number;
  readonly parallel: number;
}

const BC_SCOPE = 'https://api.businesscentral.dynamics.com/.default';

/** For whoever types commands: what the files of the folder say where the environment says nothing. @throws ConfigError */
export function takeEnvFiles(): void {
  Object.assign(process.env, withEnvFiles(process.env));
}

/** The environment with settings that a person has just given. */
export function environmentWith(given: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...given };
}

export function findUnknownSettings(env: NodeJS.ProcessEnv = process.env): UnknownSetting[] {
  return findUnknownIn(env);
}

/** @throws ConfigError that names every bad setting at once, with what was found. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { values: e, keys } = readSettings(env);
  const file = e.DEALBRIDGE_RULES
    ? readRulesFile(readText(e.DEALBRIDGE_RULES), basename(e.DEALBRIDGE_RULES))
    : readRulesFile('');
  const rules = toRules(file);
  const environmentUrl = (name: string): string => toEnvironmentUrl(e.BC_URL, e.ENTRA_TENANT_ID, name);
  const app = (clientId: string, scope: string): AppRegistration => ({
    tenantId: e.ENTRA_TENANT_ID,
    clientId,
    scope,
    loginOrigin: e.ENTRA_LOGIN_URL,
  });
  return {
    temporal: {
      address: e.TEMPORAL_ADDRESS,
      namespace: e.TEMPORAL_NAMESPACE,
      tls: toTemporalTls(e),
      apiKey: e.TEMPORAL_API_KEY,
    },
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
      app: app(e.BC_CLIENT_ID, BC_SCOPE),
      secret: e.BC_CLIENT_SECRET,
      ambiguityWindowMs: e.BC_AMBIGUITY_WINDOW_MS,
      ratePerSecond: e.BC_RATE_PER_SECOND,
      parallel: e.BC_PARALLEL,
      applications: Object.entries(rules.applications).map(([name, { clientId, ratePerSecond, parallel }]) => ({
        name,
        queue: laneQueue(name),
        app: app(clientId ?? e.BC_CLIENT_ID, BC_SCOPE),
        isOfItsOwn: clientId !== undefined,
        ratePerSecond,
        parallel,
      })),
      clientState: e.BC_CLIENT_STATE,
    },
    requestTimeoutMs: e.REQUEST_TIMEOUT_MS,
    egress: toEgress(e),
    throttlePauseMs: e.THROTTLE_PAUSE_MS,
    workerBuildId: e.WORKER_BUILD_ID,
    environmentCheckMs: e.ENVIRONMENT_CHECK_SECONDS * 1_000,
    starter: {
      port: e.STARTER_PORT,
      host: e.STARTER_HOST,
      webhookSecret: e.WEBHOOK_SECRET,
      publicUrl: e.STARTER_PUBLIC_URL,
      ratePerSecond: e.STARTER_RATE_PER_SECOND,
      trustedProxies: e.STARTER_TRUSTED_PROXIES,
    },
    feeds: e.FEEDS === 'on',
    witnesses: { file: e.AUDIT_WITNESS_FILE, bucket: toBucket(e), timeStamps: toTimeStamps(e) },
    unsealedDecisions: e.UNSEALED_DECISIONS === 'on',
    rules,
    mapping: toMappingVersion(file),
    rulesFile: file,
    codec: { token: e.CODEC_TOKEN, uiOrigin: e.TEMPORAL_UI_ORIGIN && new URL(e.TEMPORAL_UI_ORIGIN).origin },
    desk: toDeskConfig(e, `${e.ENTRA_LOGIN_URL}/${e.ENTRA_TENANT_ID}/v2.0`),
    alerts: toAlertConfig(e, e.DESK_PUBLIC_URL),
    unverifiedDecisions: e.DESK_UNVERIFIED_DECISIONS ?? (e.DESK_CLIENT_ID === undefined ? 'accepted' : 'refused'),
    telemetry: toTelemetryConfig(e),
    logLevel: e.LOG_LEVEL,
  };
}

/** Both are there, or none: settings.ts. */
function toTimeStamps(e: SettingValues): Config['witnesses']['timeStamps'] {
  const { AUDIT_TSA_URL: url, AUDIT_TSA_CERTIFICATE: certificates } = e;
  return url === undefined || certificates === undefined ? undefined : { url, certificates };
}

/** All of its settings are there, or none: settings.ts. */
function toBucket(e: SettingValues): Config['witnesses']['bucket'] {
  const { AUDIT_BUCKET_URL: url, AUDIT_BUCKET_ACCESS_KEY_ID: accessKeyId } = e;
  const { AUDIT_BUCKET_SECRET_ACCESS_KEY: secretAccessKey } = e;
  if (url === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const { AUDIT_BUCKET_REGION: region, AUDIT_BUCKET_RETENTION_DAYS: retentionDays } = e;
  return { url, region, accessKeyId, secretAccessKey, retentionDays };
}

function readText(path: string): string {
  const refuse = (expected: string, found: string): never => {
    const problem = { setting: 'DEALBRIDGE_RULES', expected, found };
    throw new ConfigError(`The configuration is not usable:\n${toLine(problem)}`);
  };
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return refuse('a file that can be read', `'${path}' (${code})`);
  }
  const read = decodeUtf8(bytes);
  return 'text' in read ? read.text : refuse('a file in UTF-8', `'${path}', whose line ${read.brokenLine} is none`);
}

/** All that a command needs that only reads the ledger. @throws ConfigError */
export function loadDatabaseUrl(env: NodeJS.ProcessEnv = process.env): string {
  const { env: read, problems } = readSettingFiles(env, new Map([['DATABASE_URL', 'DATABASE_URL_FILE']]));
  const [problem] = problems;
  if (problem) throw new ConfigError(toLine(problem).trim());
  const url = read['DATABASE_URL'];
  if (!url)
    throw new ConfigError(
      'setting DATABASE_URL: expected the address of the ledger, such as postgres://…, got nothing',
    );
  const { error } = databaseUrl.safeParse(url);
  const [issue] = error?.issues ?? [];
  if (!issue) return url;
  throw new ConfigError(`setting DATABASE_URL: expected ${issue.message}, got a value that is not shown`);
}

/** reference/business-central 1.1. */
export function toEnvironmentUrl(apiUrl: string, tenantId: string, environment: string): string {
  return `${apiUrl}/v2.0/${tenantId}/${encodeURIComponent(environment)}`;
}
