import { z } from 'zod';
import { parseCertificates } from '../clients/time-stamp/certificates.js';
import { ConfigError } from '../deal/errors.js';
import { DEFAULT_PARALLEL, MAX_PARALLEL } from '../deal/lanes.js';
import { quote, withoutSecrets } from '../deal/shown-text.js';
import { FIRST_PAUSE_MS, FIXED_LIMITS, findBrokenTimeRules, MAX_PAUSE_MS } from '../deal/time-limits.js';
import { isLedgerAddress } from '../ledger/database.js';
import { type KeySource, openKeyRing } from '../secrets/key-ring.js';
import { KeysError } from '../secrets/keys.js';
import { findOwnSecretProblem, findSecretProblem, type SecretProblem } from '../secrets/secret-text.js';
import { alertSettings } from './alert-settings.js';
import { deskSettings, findDeskProblems } from './desk-settings.js';
import { egressSettings, withProxySettings } from './egress-settings.js';
import { readSettingFiles } from './setting-files.js';
import { port, positiveNumber, wholeNumber } from './setting-numbers.js';
import { toLine } from './setting-problem.js';
import { telemetrySettings } from './telemetry-settings.js';
import { findTlsProblems, TLS_FILES } from './temporal-tls.js';
import { describeUnknownSetting, listUnknownSettings, type UnknownSetting } from './unknown-settings.js';

/** The settings of the environment, each by itself and those that depend on each other. */

/** What is shown, stored and given to others must carry no password. */
const url = z
  .url({ protocol: /^https?$/ })
  .refine((text) => !hasUser(text), 'an address without user name and password')
  .transform((text) => text.replace(/\/+$/, ''));
/** Notifications are sent over https; a simulator on this machine may do without. */
const publicUrl = url
  .refine(
    (text) => text.startsWith('https://') || /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(text),
    'an https address, or an http one of this machine',
  )
  // Paths are put behind it.
  .refine((text) => !/[?#]/.test(text), 'an address without query and fragment');
const bucketUrl = publicUrl.refine(
  (text) => /^https?:\/\/[^/]+\/[^/?#]+$/.test(text),
  'the address of the storage with the bucket as its path, such as https://s3.eu-central-1.amazonaws.com/trail',
);
const checked = (findProblem: (text: string) => SecretProblem | undefined) =>
  z.string().superRefine((text, context) => {
    const problem = findProblem(text);
    if (problem) context.addIssue({ code: 'custom', message: problem.expected, params: { found: problem.found } });
  });
/** Given to us by others, and chosen by whoever installs. */
const secret = checked(findSecretProblem);
const ownSecret = checked(findOwnSecretProblem);
/** PEM, one or more. */
const certificates = z.string().refine((text) => isCertificates(text), {
  message: 'one or more certificates in PEM',
  params: { found: 'a content that is none' },
});
/** Separated by commas: IPv4 or IPv6, or a range of them. */
const addresses = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .transform((parts) => parts.filter((part) => part !== ''))
  .refine(
    (parts) => parts.every((part) => z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]).safeParse(part).success),
    'addresses or ranges of proxies such as 10.0.0.4,10.1.0.0/16',
  )
  .refine((parts) => !parts.some((part) => part.endsWith('/0')), 'the addresses of the proxies, and not every address');
export const databaseUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/\S+$/, {
    message: 'the address of the ledger, such as postgres://user@host:5432/dealbridge',
    abort: true,
  })
  .refine(
    (text) => isLedgerAddress(text),
    'an address that can be read: in its password / is %2F, # is %23, ? is %3F and % is %25',
  );
const milliseconds = (fallback: number) => wholeNumber(1).default(fallback);

const environment = z.object({
  ...deskSettings.shape,
  ...alertSettings.shape,
  ...telemetrySettings.shape,
  ...egressSettings.shape,
  TEMPORAL_ADDRESS: z
    .string()
    .min(1, { abort: true })
    .regex(/^(\[[\da-f:.]+\]|[^\s:/@]+)(:\d{1,5})?$/i, 'host and port of Temporal, such as temporal.example.com:7233')
    .default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_TLS: z.enum(['on', 'off', 'true', 'false', '1', '0']).optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().min(1).optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: z.string().min(1).optional(),
  TEMPORAL_TLS_CLIENT_CERT_DATA: z.string().min(1).optional(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: z.string().min(1).optional(),
  TEMPORAL_API_KEY: secret.optional(),
  DATABASE_URL: databaseUrl,
  ENTRA_TENANT_ID: z.string().min(1),
  ENTRA_LOGIN_URL: url.default('https://login.microsoftonline.com'),
  DATAVERSE_URL: url,
  DATAVERSE_CLIENT_ID: z.string().min(1),
  DATAVERSE_CLIENT_SECRET: secret.optional(),
  /** A write of ours may land in Dataverse until this time has passed without an answer. */
  DATAVERSE_AMBIGUITY_WINDOW_MS: milliseconds(150_000),
  BC_URL: url.default('https://api.businesscentral.dynamics.com'),
  BC_ENVIRONMENT: z.string().min(1).default('Production'),
  BC_COMPANY: z.string().min(1),
  BC_CLIENT_ID: z.string().min(1),
  BC_CLIENT_SECRET: secret.optional(),
  BC_AMBIGUITY_WINDOW_MS: milliseconds(600_000),
  BC_RATE_PER_SECOND: positiveNumber.default(20),
  BC_PARALLEL: wholeNumber(1, MAX_PARALLEL).default(DEFAULT_PARALLEL),
  BC_CLIENT_STATE: ownSecret.max(2_048).optional(),
  REQUEST_TIMEOUT_MS: milliseconds(120_000),
  /** Shorter than a second no step comes again. */
  THROTTLE_PAUSE_MS: wholeNumber(1_000, MAX_PAUSE_MS).default(FIRST_PAUSE_MS),
  WORKER_BUILD_ID: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'letters, digits, dots and hyphens, such as a commit')
    .optional(),
  ENVIRONMENT_CHECK_SECONDS: wholeNumber(0, 3_600).default(60),
  STARTER_PORT: port.default(8080),
  STARTER_HOST: z.string().min(1).default('127.0.0.1'),
  STARTER_PUBLIC_URL: publicUrl.optional(),
  STARTER_RATE_PER_SECOND: positiveNumber.default(50),
  STARTER_TRUSTED_PROXIES: addresses.default([]),
  WEBHOOK_SECRET: ownSecret.optional(),
  DEALBRIDGE_KEYS: z.string().min(1).optional(),
  DEALBRIDGE_KEY_FILE: z.string().min(1).optional(),
  CODEC_TOKEN: ownSecret.optional(),
  TEMPORAL_UI_ORIGIN: url.optional(),
  DEALBRIDGE_RULES: z.string().min(1).optional(),
  AUDIT_WITNESS_FILE: z.string().min(1).optional(),
  AUDIT_BUCKET_URL: bucketUrl.optional(),
  AUDIT_BUCKET_REGION: z.string().min(1).default('us-east-1'),
  AUDIT_BUCKET_ACCESS_KEY_ID: z.string().min(1).optional(),
  AUDIT_BUCKET_SECRET_ACCESS_KEY: secret.optional(),
  AUDIT_BUCKET_RETENTION_DAYS: wholeNumber(1, 36_500).default(3_650),
  AUDIT_TSA_URL: url.optional(),
  AUDIT_TSA_CERTIFICATE: certificates.optional(),
  UNSEALED_DECISIONS: z.enum(['on', 'off']).default('off'),
  FEEDS: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

export type SettingValues = z.output<typeof environment>;

/** Their values are never shown, and each may come from a file. */
const SECRET =
  /SECRET|DATABASE_URL|KEYS|TOKEN|CLIENT_STATE|API_KEY|KEY_DATA|PASSWORD|OTLP_HEADERS|ALERT_\w+_URL|HTTPS?_PROXY/;

/** The setting that names the file of another one. */
export const SETTING_FILES: ReadonlyMap<string, string> = new Map([
  ...Object.keys(environment.shape)
    .filter((name) => SECRET.test(name) && name !== 'DEALBRIDGE_KEYS')
    .map((name) => [name, `${name}_FILE`] as const),
  ...Object.entries(TLS_FILES),
  ['AUDIT_TSA_CERTIFICATE', 'AUDIT_TSA_CERTIFICATE_FILE'],
]);

const KNOWN = [...Object.keys(environment.shape), ...SETTING_FILES.values()];

/** What nothing reads although it is called like a setting: nobody refuses it, so it is told. */
export function findUnknownSettings(env: NodeJS.ProcessEnv): UnknownSetting[] {
  return listUnknownSettings(env, KNOWN);
}

/** @throws ConfigError that names every bad setting at once, with what was found. */
export function readSettings(found: NodeJS.ProcessEnv): { readonly values: SettingValues; readonly keys: KeySource } {
  const given = withoutBlanks(withProxySettings(found));
  const { env, problems: fileProblems } = readSettingFiles(given, SETTING_FILES);
  const givenAs = (setting: string): string => (given[setting] ? setting : (SETTING_FILES.get(setting) ?? setting));
  const unread = new Set(fileProblems.map(({ setting }) => setting));
  const parsed = environment.safeParse(env);
  const keyProblem = findKeyProblem(env);
  const keys = toKeySource(env);
  const problems = [
    ...fileProblems.map(toLine),
    // That a value is missing whose file cannot be read is said once.
    ...(parsed.error?.issues ?? [])
      .filter(({ path }) => !unread.has(SETTING_FILES.get(String(path[0])) ?? ''))
      .map((issue) => toProblem(issue, env)),
    ...(keyProblem === undefined ? [] : [keyProblem]),
    ...findTimeProblems(env),
    ...findBucketProblems(env),
    ...findTimeStampProblems(env),
    ...findTlsProblems(tlsSettings.safeParse(env).data ?? {}, givenAs).map(toLine),
    ...findDeskProblems(env),
  ];
  if (!parsed.success || !keys || problems.length > 0) {
    const unknown = findUnknownSettings(given).map((one) => `  ${describeUnknownSetting(one)}`);
    throw new ConfigError(`The configuration is not usable:\n${[...problems, ...unknown].join('\n')}`);
  }
  return { values: parsed.data, keys };
}

/**
 * `docker --env-file` keeps what stands behind a value: a blank, or the line end of Windows. A secret that has one is refused, since it
 * may belong to it.
 */
function withoutBlanks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const read = { ...env };
  for (const name of Object.keys(environment.shape)) {
    const value = env[name];
    if (value !== undefined && !SECRET.test(name)) read[name] = value.trim();
  }
  return read;
}

/** What nobody vouches for proves nothing. */
function findTimeStampProblems(env: NodeJS.ProcessEnv): string[] {
  const { AUDIT_TSA_URL: address, AUDIT_TSA_CERTIFICATE: certificate } = env;
  if (Boolean(address) === Boolean(certificate)) return [];
  const [missing, given] = address
    ? ['AUDIT_TSA_CERTIFICATE_FILE', 'AUDIT_TSA_URL']
    : ['AUDIT_TSA_URL', 'AUDIT_TSA_CERTIFICATE_FILE'];
  return [`  setting ${missing}: expected a value, since ${given} is given, got nothing`];
}

const BUCKET = ['AUDIT_BUCKET_URL', 'AUDIT_BUCKET_ACCESS_KEY_ID', 'AUDIT_BUCKET_SECRET_ACCESS_KEY'] as const;

/** Half a bucket would note nothing, and nobody would be told. */
function findBucketProblems(env: NodeJS.ProcessEnv): string[] {
  const missing = BUCKET.filter((name) => !env[name]);
  if (missing.length === BUCKET.length) return [];
  return missing.map((name) => `  setting ${name}: expected a value, since the bucket has others, got nothing`);
}
const tlsSettings = environment.pick({
  TEMPORAL_TLS: true,
  TEMPORAL_TLS_SERVER_NAME: true,
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: true,
  TEMPORAL_TLS_CLIENT_CERT_DATA: true,
  TEMPORAL_TLS_CLIENT_KEY_DATA: true,
  TEMPORAL_API_KEY: true,
});

const timeSettings = environment.pick({
  REQUEST_TIMEOUT_MS: true,
  DATAVERSE_AMBIGUITY_WINDOW_MS: true,
  BC_AMBIGUITY_WINDOW_MS: true,
});

/** Also when another setting is wrong: everything is said at once. */
function findTimeProblems(env: NodeJS.ProcessEnv): string[] {
  const { data } = timeSettings.safeParse(env);
  if (!data) return [];
  return findBrokenTimeRules({
    ...FIXED_LIMITS,
    requestMs: data.REQUEST_TIMEOUT_MS,
    dataverseWindowMs: data.DATAVERSE_AMBIGUITY_WINDOW_MS,
    businessCentralWindowMs: data.BC_AMBIGUITY_WINDOW_MS,
  }).map(({ setting, problem }) => `  setting ${setting}: ${problem}`);
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
    return `  setting DEALBRIDGE_KEYS or DEALBRIDGE_KEY_FILE: expected one of them, got ${found}; \`dealbridge keys new\` prints a key`;
  }
  try {
    openKeyRing(source);
    return undefined;
  } catch (error) {
    if (!(error instanceof KeysError)) throw error;
    return `  setting ${source.kind === 'text' ? 'DEALBRIDGE_KEYS' : 'DEALBRIDGE_KEY_FILE'}: ${error.message}`;
  }
}

function toProblem(issue: z.core.$ZodIssue, env: NodeJS.ProcessEnv): string {
  const name = issue.path.join('.') || '(the whole)';
  const value = env[name];
  const found =
    value === undefined ? 'nothing' : SECRET.test(name) ? 'a value that is not shown' : quote(withoutSecrets(value));
  const seen = issue.code === 'custom' && typeof issue.params?.['found'] === 'string' ? issue.params['found'] : found;
  return toLine({ setting: name, expected: toExpected(issue), found: seen });
}

function isCertificates(pem: string): boolean {
  try {
    return parseCertificates(pem).length > 0;
  } catch {
    return false;
  }
}

function hasUser(text: string): boolean {
  const { username, password } = URL.canParse(text) ? new URL(text) : { username: '', password: '' };
  return username !== '' || password !== '';
}

/** What would be right, in the words of a person and not of the parser. */
function toExpected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'string' ? 'a text' : `a ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'an address such as https://example.com' : issue.message;
    case 'too_small':
      if (issue.origin !== 'string') return `a number ${issue.inclusive ? 'of at least' : 'above'} ${issue.minimum}`;
      return issue.minimum === 1 ? 'a text' : `at least ${issue.minimum} characters`;
    case 'too_big':
      return issue.origin === 'string' ? `at most ${issue.maximum} characters` : `a number of at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}
