import { z } from 'zod';
import type { DataverseClient } from '../../clients/dataverse/client.js';
import type { Actor } from '../../deal/actor.js';
import { RefusedError, UserError } from '../../deal/errors.js';
import { type HoldReason, isHoldReason } from '../../deal/holds.js';
import { DEAL_STATES, isFinal } from '../../deal/states.js';
import { replayDeal } from '../../dispatch/replay-deal.js';
import type { StartDealDependencies } from '../../dispatch/start-deal.js';
import type { Database } from '../../ledger/database.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { StoredMapping } from '../../ledger/settings/mappings.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { defineOperation } from '../operation.js';
import { type Mappings, openMappings } from '../settings/mappings.js';
import { findDeal } from './find-deal.js';
import type { PreviewDependencies } from './previewer.js';
import { describeReplay } from './replay-outlook.js';

/** Hands deals over again: what exists is adopted, what is missing is made. First it is shown what that would be. */

export interface ReplayDependencies {
  readonly ledger: Ledger;
  readonly database: Database;
  readonly temporal: StartDealDependencies['temporal'];
  readonly dataverse: DataverseClient;
  readonly companyOf: PreviewDependencies['companyOf'];
  /** Today's. */
  readonly rules: Rules;
  /** Today's rules with a stored mapping. @throws RefusedError when it is not usable any more */
  readonly toRules: (mapping: StoredMapping) => Rules;
}

const MAX_DEALS = 10_000;

const input = z
  .strictObject({
    /** One deal, by number or GUID; or several by state and reason. */
    deal: z.string().min(1, 'a number or GUID').optional(),
    state: z.enum(DEAL_STATES).optional(),
    reason: z
      .string()
      .refine(isHoldReason, 'a reason of the catalogue of holds, such as customer-missing')
      .transform((reason) => reason as HoldReason)
      .optional(),
    since: z.iso.date('a date such as 2026-03-31').optional(),
    limit: z
      .number('a whole number above 0')
      .int('a whole number above 0')
      .min(1, 'a whole number above 0')
      .max(MAX_DEALS)
      .default(50),
    isAsRecorded: z.boolean().default(false),
    /** `now`, `then`, or the beginning of a hash. */
    mapping: z.string().default('now'),
  })
  .refine(({ deal, state, reason }) => deal !== undefined || state !== undefined || reason !== undefined, {
    message: 'a deal, or --state or --reason',
    path: ['replay'],
  });
type Choice = z.output<typeof input>;

export interface ReplayedDeal {
  readonly record: SourceRecord;
  /** What would be adopted, made and different. */
  readonly outlook: readonly string[];
  /** Why it stays as it is; undefined when it runs again, or may. */
  readonly leftOut?: string;
  readonly outcome?: 'started' | 'restarted';
}

/** What a replay would do, deal by deal; nothing is written and nothing is started. */
export const foreseeReplays = defineOperation({
  act: 'preview a deal',
  input,
  run: async (dependencies: ReplayDependencies, choice): Promise<AsyncIterable<ReplayedDeal>> =>
    replayEach(dependencies, choice, await openChoice(dependencies, choice), undefined),
});

/** The same, and each deal runs again; its workflow records who wanted it. */
export const replayDeals = defineOperation({
  act: 'replay a deal',
  input,
  run: async (dependencies: ReplayDependencies, choice, actor): Promise<AsyncIterable<ReplayedDeal>> =>
    replayEach(dependencies, choice, await openChoice(dependencies, choice), actor),
});

interface Chosen {
  readonly records: readonly SourceRecord[];
  readonly mappings: Mappings;
  readonly mapping: Rules | 'then' | undefined;
}

async function openChoice(
  { ledger, database, rules, toRules }: ReplayDependencies,
  { deal, state, reason, since, limit, mapping }: Choice,
): Promise<Chosen> {
  const mappings = await openMappings(database, rules, toRules);
  const records =
    deal === undefined
      ? await ledger.listRecords({
          limit,
          ...(state !== undefined && { state }),
          ...(reason !== undefined && { reason }),
          ...(since !== undefined && { since: new Date(`${since}T00:00:00Z`) }),
        })
      : [await ledger.getRecord((await findDeal(database, deal)).recordId)];
  return { records, mappings, mapping: mappings.choose(mapping) };
}

async function* replayEach(
  dependencies: ReplayDependencies,
  { isAsRecorded }: Choice,
  { records, mappings, mapping }: Chosen,
  actor: Actor | undefined,
): AsyncGenerator<ReplayedDeal> {
  for (const record of records) {
    const hash = mapping === 'then' ? record.mappingHash : mapping?.mappingHash;
    const rules = findRules(mappings, record, mapping, dependencies.rules);
    if (typeof rules === 'string') {
      yield { record, outlook: [], leftOut: rules };
      continue;
    }
    const outlook = await describeReplay(
      record,
      { ledger: dependencies.ledger, dataverse: dependencies.dataverse, preview: dependencies },
      { isAsRecorded, rules, before: findBefore(mappings, record) },
    );
    if (!actor) yield { record, outlook };
    else yield { record, outlook, ...(await replay(dependencies, record, isAsRecorded, hash, actor)) };
  }
}

/** The rules of the replay, or why there are none. */
function findRules(
  mappings: Mappings,
  { mappingHash }: SourceRecord,
  mapping: Chosen['mapping'],
  today: Rules,
): Rules | string {
  if (mapping !== 'then') return mapping ?? today;
  if (mappingHash === undefined) return 'it was never read, so there is no mapping of then';
  try {
    return mappings.find(mappingHash);
  } catch (error) {
    if (error instanceof RefusedError || error instanceof UserError) return error.message;
    throw error;
  }
}

/** What is not readable any more cannot be compared with. */
function findBefore(mappings: Mappings, { mappingHash }: SourceRecord): Rules | undefined {
  if (mappingHash === undefined) return undefined;
  try {
    return mappings.find(mappingHash);
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

async function replay(
  { temporal, ledger }: ReplayDependencies,
  record: SourceRecord,
  isAsRecorded: boolean,
  mapping: string | undefined,
  actor: Actor,
): Promise<Pick<ReplayedDeal, 'leftOut' | 'outcome'>> {
  const { revision, carrierId, state } = record;
  if (isAsRecorded && revision === undefined) return { leftOut: 'it was never read, so there is nothing recorded' };
  if (isFinal(state) && carrierId !== undefined) return { leftOut: `${carrierId} carries the deal: replay that one` };
  const outcome = await replayDeal({ temporal, ledger }, record, {
    actor,
    ...(mapping !== undefined && { mapping }),
    ...(isAsRecorded && revision !== undefined && { revision }),
  });
  return outcome.kind === 'running' ? { leftOut: outcome.reason } : { outcome: outcome.kind };
}
