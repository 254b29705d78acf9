import { z } from 'zod';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import { RemoteApiError } from '../../clients/errors.js';
import type { Clock } from '../../deal/clock.js';
import { toCode } from '../../deal/codes.js';
import type { WonDeal } from '../../deal/deal.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { SHARED_BY_MANY, STRONG, toMatchKeys, toScore } from '../../deal/matching.js';
import { createFitCount, type FitMaster, type FitSummary } from '../../mapping/preview/fit.js';
import { proposeRules } from '../../mapping/preview/fit-proposal.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { typedNumber } from '../input-faults.js';
import { defineOperation } from '../operation.js';
import { createPreviewer, isHandedOver, type PreviewDependencies } from './previewer.js';

export type { FitReason, FitSummary } from '../../mapping/preview/fit.js';

/** Whether the deals of the last months would have gone through. Both systems are only read. */

export interface NearMaster extends FitMaster {
  /** What Business Central has instead, as far as there is anything like it. */
  readonly near: { readonly number: string; readonly name: string; readonly why: string } | undefined;
}

export interface Fit {
  readonly days: number;
  readonly since: string;
  readonly summary: FitSummary;
  readonly customers: readonly NearMaster[];
  readonly items: readonly NearMaster[];
  /** Records that could not be read. */
  readonly unread: readonly { readonly table: SourceTable; readonly recordId: string; readonly text: string }[];
  /** In a day, on average. */
  readonly dealsPerDay: number;
  readonly quotas: readonly Quota[];
  /** A rules file of what would help. */
  readonly proposedRules: string;
}

export interface Quota {
  readonly system: 'Sales' | 'Business Central';
  readonly requestsPerDeal: number;
  readonly requestsPerDay: number;
  /** Of one user, in a sliding window of five minutes. */
  readonly requestsInFiveMinutes: number;
  readonly dealsInFiveMinutes: number;
}

interface Dependencies extends Omit<PreviewDependencies, 'companyOf'> {
  /** Its masters are read as well, for numbers that are alike. */
  readonly companyOf: (deal: WonDeal, rules: Rules) => Promise<BusinessCentralClient>;
  readonly rules: Rules;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<unknown>;
  /** Hears how far it is: there may be thousands. */
  readonly onProgress?: (done: number, all: number) => void;
}

const DAY_MS = 86_400_000;
const MAX_DAYS = 730;
const DAYS = `a whole number of days from 1 to ${MAX_DAYS}`;
/** Previews at once; what the two systems allow at once the clients keep to. */
const PARALLEL = 4;
const PAGE_SIZE = 1_000;
/** Thousands of deals come to the limits of five minutes, which the other side asks to wait out. */
const THROTTLED_ATTEMPTS = 10;
const WAIT_UNTOLD_MS = 10_000;
/** A deal of known customer and items as an invoice: read, row and its state there; look-ups, draft, posting, reading back here. */
const REQUESTS_PER_DEAL = { Sales: 3, 'Business Central': 9 } as const;
// reference/dataverse-sales 6.1, reference/business-central 8
const REQUESTS_IN_FIVE_MINUTES = 6_000;

export const fitDeals = defineOperation({
  act: 'preview a deal',
  input: z.strictObject({
    days: typedNumber(DAYS).refine((days) => Number.isInteger(days) && days >= 1 && days <= MAX_DAYS, DAYS),
  }),
  run: async (dependencies: Dependencies, { days }): Promise<Fit> => {
    const since = new Date(dependencies.clock.now().getTime() - days * DAY_MS).toISOString().slice(0, 10);
    const companies = new Map<string, BusinessCentralClient>();
    const { summary, unread } = await countDeals(dependencies, companies, since);
    const dealsPerDay = summary.deals / days;
    return {
      days,
      since,
      summary,
      customers: await findNear(companies, 'customers', summary.customers.missing),
      items: await findNear(companies, 'items', summary.items.missing),
      unread,
      dealsPerDay,
      quotas: (['Sales', 'Business Central'] as const).map((system) => ({
        system,
        requestsPerDeal: REQUESTS_PER_DEAL[system],
        requestsPerDay: Math.ceil(dealsPerDay * REQUESTS_PER_DEAL[system]),
        requestsInFiveMinutes: REQUESTS_IN_FIVE_MINUTES,
        dealsInFiveMinutes: Math.floor(REQUESTS_IN_FIVE_MINUTES / REQUESTS_PER_DEAL[system]),
      })),
      proposedRules: proposeRules(summary, days),
    };
  },
});

async function countDeals(
  dependencies: Dependencies,
  companies: Map<string, BusinessCentralClient>,
  since: string,
): Promise<Pick<Fit, 'summary' | 'unread'>> {
  const { dataverse, rules, onProgress } = dependencies;
  const companyOf: Dependencies['companyOf'] = async (deal, ofRules) => {
    const company = await dependencies.companyOf(deal, ofRules);
    companies.set(company.companyId, company);
    return company;
  };
  const previewer = createPreviewer({ ...dependencies, companyOf }, rules);
  const records: { readonly table: SourceTable; readonly recordId: string }[] = [];
  for (const table of SOURCE_TABLES) {
    for (const recordId of await dataverse.findRecordIds(table, since)) records.push({ table, recordId });
  }
  const count = createFitCount();
  const unread: Fit['unread'][number][] = [];
  let done = 0;
  const left = records.values();
  // All of them take from the same list.
  const work = async (): Promise<void> => {
    for (const record of left) {
      try {
        const preview = await patiently(() => previewer.preview(record.table, record.recordId), dependencies.wait);
        if (isHandedOver(preview)) count.add(preview);
      } catch (error) {
        // Deleted meanwhile, or a row that cannot be read: the others still tell something.
        if (!(error instanceof RemoteApiError) || !['not-found', 'unreadable'].includes(error.code)) throw error;
        unread.push({ ...record, text: error.message });
      }
      done += 1;
      onProgress?.(done, records.length);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return { summary: count.summarize(), unread };
}

async function patiently<T>(ask: () => Promise<T>, wait: Dependencies['wait']): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      const isThrottled = error instanceof RemoteApiError && error.code === 'throttled';
      if (!isThrottled || attempt === THROTTLED_ATTEMPTS) throw error;
      await wait(error.facts.retryAfterMs ?? WAIT_UNTOLD_MS);
    }
  }
}

/** Beside each master that is missing the row of Business Central that may be meant. */
async function findNear(
  companies: ReadonlyMap<string, BusinessCentralClient>,
  set: 'customers' | 'items',
  missing: readonly FitMaster[],
): Promise<NearMaster[]> {
  const toKeys = set === 'customers' ? toCustomerKeys : toItemKeys;
  const byCompany = new Map<string, Map<string, Row[]>>();
  for (const companyId of new Set(missing.map((one) => one.companyId))) {
    const company = companies.get(companyId);
    if (!company) continue;
    const byKey = new Map<string, Row[]>();
    for await (const row of readAll(company, set))
      for (const key of toKeys(row)) {
        const sharing = byKey.get(key) ?? [];
        sharing.push(row);
        byKey.set(key, sharing);
      }
    byCompany.set(companyId, byKey);
  }
  return missing.map((master) => {
    const byKey = byCompany.get(master.companyId) ?? new Map<string, Row[]>();
    const keys = toKeys(master).filter((key) => (byKey.get(key)?.length ?? 0) <= SHARED_BY_MANY);
    const rows = new Set(keys.flatMap((key) => byKey.get(key) ?? []));
    const [best] = [...rows]
      .map((row) => ({ row, ...toNearness(set, keys, toKeys(row)) }))
      .filter(({ score }) => score >= STRONG)
      .sort((a, b) => b.score - a.score || a.row.number.localeCompare(b.row.number));
    return { ...master, near: best && { number: best.row.number, name: best.row.name, why: best.why } };
  });
}

interface Row {
  readonly number: string;
  readonly name: string;
  readonly email?: string | undefined;
}

async function* readAll(company: BusinessCentralClient, set: 'customers' | 'items'): AsyncGenerator<Row> {
  const fields = set === 'customers' ? ['displayName', 'email'] : ['displayName'];
  let link: string | undefined;
  do {
    const { rows, nextLink } = await company.readMasterPage(set, fields, PAGE_SIZE, link);
    for (const { number, values } of rows)
      yield { number, name: values['displayName'] ?? '', email: values['email'] || undefined };
    link = nextLink;
  } while (link !== undefined);
}

function toCustomerKeys({ number, name, email }: Row): string[] {
  return [
    ...toMatchKeys({ number: undefined, name, email, taxNumber: undefined, street: undefined, postalCode: undefined }),
    ...toNumberKeys(number),
  ];
}

function toItemKeys({ number, name }: Row): string[] {
  return [...(name ? [`name:${toCode(name)}`] : []), ...toNumberKeys(number)];
}

/** `EQ-1007`, `eq 1007` and `EQ1007` are one number, to somebody who types it. */
function toNumberKeys(number: string): string[] {
  const bare = toCode(number).replaceAll(/[^A-Z0-9]/g, '');
  return bare ? [`spelling:${bare}`] : [];
}

function toNearness(
  set: 'customers' | 'items',
  left: readonly string[],
  right: readonly string[],
): { readonly score: number; readonly why: string } {
  const spelling = left.find((key) => key.startsWith('spelling:'));
  if (spelling && right.includes(spelling)) return { score: 2 * STRONG, why: 'the same number, spelled otherwise' };
  if (set === 'items')
    return left.some((key) => right.includes(key)) ? { score: STRONG, why: 'the same name' } : { score: 0, why: '' };
  const { score, reasons } = toScore(left, right);
  return { score, why: reasons.join(' and ') };
}
