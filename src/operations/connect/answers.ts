import { z } from 'zod';
import type { InputFault } from '../../deal/errors.js';
import { toInputFault, toUserError } from '../input-faults.js';
import { parseYamlFile } from '../read-yaml-file.js';

/** What a set-up has to be told; everything else it finds. Secrets are named by their files and never stand here. */

export const COLUMN_TYPES = ['string', 'memo', 'integer', 'decimal', 'money', 'boolean', 'date', 'datetime'] as const;

const text = z.string().trim().min(1, 'a text');
const address = z
  .url({ protocol: /^https?$/, error: 'an address such as https://contoso.crm4.dynamics.com' })
  .refine((url) => !URL.canParse(url) || new URL(url).username === '', 'an address without user name and password')
  .refine((url) => !/[?#]/.test(url), 'an address without query and fragment')
  .transform((url) => url.replace(/\/+$/, ''));
const guid = z.guid('a GUID, as Azure portal > App registrations > the app > Overview shows it');
const secretFile = text.optional();

const answers = z.strictObject({
  tenant: z.union([z.guid(), z.string().regex(/^[\w-]+(\.[\w-]+)+$/)], 'the Tenant ID, or a domain of the tenant'),
  /** Of a national cloud, or of the simulators. */
  loginUrl: address.optional(),
  dataverse: z.strictObject({ url: address, clientId: guid, secretFile }),
  businessCentral: z.strictObject({
    url: address.optional(),
    environment: text.default('Production'),
    company: text,
    clientId: guid,
    secretFile,
  }),
  /** Under it both systems reach the starter; without one changes are read in turns only. */
  publicUrl: address.optional(),
  prefix: z
    .string()
    .regex(/^(?!mscrm)[a-z][a-z0-9]{1,7}$/, 'two to eight lower-case letters and digits, a letter first, not mscrm')
    .default('dlb'),
  columnTypes: z
    .record(z.string().regex(/^[a-z]+\.[a-z0-9_]+$/, 'a column such as salesorder.dlb_site'), z.enum(COLUMN_TYPES))
    .default({}),
});
export type Answers = z.output<typeof answers>;
export type GivenAnswers = z.input<typeof answers>;

/** Every fault by its field, with what would be right. @throws UserError */
export function checkAnswers(given: unknown): Answers {
  const parsed = answers.safeParse(given);
  if (parsed.success) return parsed.data;
  throw toUserError(parsed.error, given, 'answers', toFault);
}

/** @throws UserError that names the line of what is no YAML */
export function parseAnswers(yaml: string, file: string): Answers {
  return checkAnswers(parseYamlFile(yaml, file, 'map') ?? {});
}

/** Beside these a secret is copied from the portal, and pasted into the wrong one. */
const BESIDE_SECRETS: ReadonlySet<unknown> = new Set(['clientId', 'secretFile']);

/** Whatever stands in such a file is read by whoever gets it, and is in every copy. */
function toFault(issue: z.core.$ZodIssue, given: unknown, whole: string): InputFault {
  if (issue.code !== 'unrecognized_keys' || !issue.keys.includes('secret')) {
    const fault = toInputFault(issue, given, whole);
    const isHidden = typeof fault.found === 'string' && BESIDE_SECRETS.has(issue.path.at(-1));
    return isHidden ? { field: fault.field, expected: `${fault.expected}, got another one that is not shown` } : fault;
  }
  const within = issue.path.map((part) => `${String(part)}.`).join('');
  return { field: `${within}secret`, expected: `no secret: name its file by ${within}secretFile` };
}

/** The settings that the answers are; where the rules stand comes beside them. */
export function toSettings({
  tenant,
  loginUrl,
  dataverse,
  businessCentral,
  publicUrl,
}: Answers): Record<string, string> {
  return {
    ENTRA_TENANT_ID: tenant,
    ...(loginUrl !== undefined && { ENTRA_LOGIN_URL: loginUrl }),
    DATAVERSE_URL: dataverse.url,
    DATAVERSE_CLIENT_ID: dataverse.clientId,
    ...(businessCentral.url !== undefined && { BC_URL: businessCentral.url }),
    BC_ENVIRONMENT: businessCentral.environment,
    BC_COMPANY: businessCentral.company,
    BC_CLIENT_ID: businessCentral.clientId,
    ...(publicUrl !== undefined && { STARTER_PUBLIC_URL: publicUrl }),
  };
}

/** How many of them somebody has given. */
export function countAnswers(given: unknown): number {
  if (typeof given !== 'object' || given === null) return given === undefined ? 0 : 1;
  return Object.values(given).reduce<number>((sum, one) => sum + countAnswers(one), 0);
}
