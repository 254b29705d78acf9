import { z } from 'zod';
import { DEFAULT_PARALLEL, MAX_PARALLEL } from '../../deal/lanes.js';
import { BROUGHT, parseSourceColumn } from '../fields/sources.js';
import { column } from './written-values.js';

/** Which company takes a deal, and by which app registration: `companies` and `applications` of the rules file. */

const lookupId = z.guid().transform((id) => id.toLowerCase());

export const companyRule = z.strictObject({
  company: z.string().min(1).describe('Name of the company in Business Central'),
  environment: z.string().min(1).optional().describe('Its environment; BC_ENVIRONMENT when it is not given'),
  application: z
    .string()
    .optional()
    .describe('One of `applications`; the app registration of BC_CLIENT_ID when none is given'),
  when: z
    .strictObject({
      businessUnit: lookupId.optional().describe('GUID of the business unit that owns the record'),
      territory: lookupId.optional().describe('GUID of the territory of the account'),
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, 'an ISO code such as USD')
        .optional(),
      column: z
        .strictObject({
          name: column
            .refine(isOfDeal, 'a column of the record, or of its account, contact or owner')
            .refine(isSelected, 'the currency by `currency: USD`, or its row by _transactioncurrencyid_value'),
          value: z.union([z.string().min(1), z.number(), z.boolean()]).transform(String),
        })
        .optional(),
    })
    .refine((when) => Object.values(when).some((one) => one !== undefined), {
      message: 'one of businessUnit, territory, currency and column, or several',
    })
    .describe('All that is given must be so'),
});
export type CompanyRuleInFile = z.output<typeof companyRule>;

export const application = z.strictObject({
  clientId: z
    .guid()
    .transform((id) => id.toLowerCase())
    .optional()
    .describe('Another app registration; its secret is set by `dealbridge credentials set business-central-NAME`'),
  ratePerSecond: z.number().positive().default(20).describe('Requests per second that Business Central takes of it'),
  parallel: z.int().min(1).max(MAX_PARALLEL).default(DEFAULT_PARALLEL).describe('Steps at once in each worker'),
});

/** Lines and products are many, a deal has one company. */
function isOfDeal(name: string): boolean {
  const row = parseSourceColumn(name)?.row;
  return row !== 'line' && row !== 'product';
}

/** A currency is read as its ISO code, so it stands in no column that a condition could compare. */
function isSelected(name: string): boolean {
  const source = parseSourceColumn(name);
  return source === undefined || !BROUGHT.has(source.column);
}

interface CompaniesOfFile {
  readonly companies: readonly CompanyRuleInFile[];
  readonly applications: Readonly<Record<string, unknown>>;
}

export function refuseUnknownApplications(
  { companies, applications }: CompaniesOfFile,
  context: z.RefinementCtx,
): void {
  const known = Object.keys(applications);
  companies.forEach(({ company, environment, application: name }, index) => {
    const refuse = (message: string) =>
      context.addIssue({ code: 'custom', path: ['companies', index, 'application'], message });
    if (name !== undefined && !known.includes(name))
      refuse(known.length > 0 ? `one of applications: ${known.join(', ')}` : 'a name that applications has');
    const other = companies
      .slice(0, index)
      .find((one) => one.company === company && one.environment?.toLowerCase() === environment?.toLowerCase());
    if (other && other.application !== name)
      refuse(`the same as in the rule before for this company: ${other.application ?? 'none'}`);
  });
}
