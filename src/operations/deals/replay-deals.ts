import { z } from 'zod';
import type { Actor } from '../../deal/actor.js';
import { RefusedError, UnknownError, UserError } from '../../deal/errors.js';
import { isFinal } from '../../deal/states.js';
import type { DealCommands } from '../../dispatch/deal-commands.js';
import type { Database } from '../../ledger/database.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { Ledger } from '../../ledger/ledger.js';
import { type ReadableRows, UnreadableContentError } from '../../ledger/read-rows.js';
import type { StoredMapping } from '../../ledger/settings/mappings.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { typedNumber, upTo } from '../input-faults.js';
import { defineOperation } from '../operation.js';
import { type Mappings, openMappings } from '../settings/mappings.js';
import { DEAL_CHOICE, ensureCompanyKnown, toDealFilter } from './deal-choice.js';
import { findDeal } from './find-deal.js';
import { nameCarrier } from './name-carrier.js';
import type { PreviewDependencies } from './previewer.js';
import { describeReplay, type OutlookLine } from './replay-outlook.js';

/** Hands deals over again: what exists is adopted, what is missing is made. First it is shown what that would be. */

export interface ReplayDependencies {
  readonly ledger: Ledger;
  readonly database: Database;
  readonly deals: Pick<DealCommands, 'replay'>;
  readonly dataverse: PreviewDependencies['dataverse'];
  readonly companyOf: PreviewDependencies['companyOf'];
  readonly now: () => Date;
  /** Today's. */
  readonly rules: Rules;
  /** Today's rules with a stored mapping. @throws RefusedError when it is not usable any more */
  readonly toRules: (mapping: StoredMapping) => Rules;
}

export type { OutlookLine } from './replay-outlook.js';

const MAX_DEALS = 10_000;

/** Of one deal that is named they could only be passed over. */
const NARROWING = [...(Object.keys(DEAL_CHOICE) as (keyof typeof DEAL_CHOICE)[]), 'since'] as const;

const mapping = z.string().default('now');
const isAsRecorded = z.boolean().default(false);

const input = z
  .strictObject({
    /** One deal, by number or GUID; or several by what the list finds them by. */
    deal: z.string().min(1, 'a number or GUID').optional(),
    ...DEAL_CHOICE,
    since: z.iso.date('a date such as 2026-03-31').optional(),
    limit: upTo(MAX_DEALS, typedNumber).default(50),
    isAsRecorded,
    /** `now`, `then`, or the beginning of a hash. */
    mapping,
  })
  .refine(({ deal, state, reason }) => deal !== undefined || state !== undefined || reason !== undefined, {
    message: 'a deal, or --state or --reason',
    path: ['replay'],
  })
  .refine((given) => given.deal === undefined || NARROWING.every((name) => given[name] === undefined), {
    message: 'a deal alone, or no deal and --state or --reason',
    path: ['deal'],
  });
type Choice = z.output<typeof input>;

export interface ReplayedDeal {
  readonly record: SourceRecord;
  /** What would be adopted, made and different. */
  readonly outlook: readonly OutlookLine[];
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

const oneDeal = z.strictObject({ deal: z.string().min(1, 'a number or GUID'), isAsRecorded, mapping });

/** The first of these, for one deal alone. */
export const foreseeReplay = defineOperation({
  act: 'preview a deal',
  input: oneDeal,
  run: (dependencies: ReplayDependencies, choice): Promise<ReplayedDeal> => takeOne(dependencies, choice, undefined),
});

/** The second. @throws RefusedError that says why the deal stays as it is */
export const replayDeal = defineOperation({
  act: 'replay a deal',
  input: oneDeal,
  run: async (dependencies: ReplayDependencies, choice, actor): Promise<ReplayedDeal> => {
    const replayed = await takeOne(dependencies, choice, actor);
    if (replayed.leftOut !== undefined) throw new RefusedError(`nothing was done: ${replayed.leftOut}`);
    return replayed;
  },
});

async function takeOne(
  dependencies: ReplayDependencies,
  choice: z.output<typeof oneDeal>,
  actor: Actor | undefined,
): Promise<ReplayedDeal> {
  const whole = { ...choice, limit: 1 };
  for await (const one of replayEach(dependencies, whole, await openChoice(dependencies, whole), actor)) return one;
  throw new UnknownError('deal', 'the number or GUID of a deal', choice.deal);
}

interface Chosen {
  readonly records: readonly SourceRecord[];
  readonly unreadable: readonly UnreadableContentError[];
  readonly mappings: Mappings;
  readonly mapping: Rules | 'then' | undefined;
}

async function openChoice(dependencies: ReplayDependencies, choice: Choice): Promise<Chosen> {
  const { database, rules, toRules } = dependencies;
  const mappings = await openMappings(database, rules, toRules);
  const { rows: records, unreadable } = await readChosen(dependencies, choice);
  return { records, unreadable, mappings, mapping: mappings.choose(choice.mapping) };
}

async function readChosen(
  { ledger, database, now }: ReplayDependencies,
  { deal, since, limit, ...choice }: Choice,
): Promise<ReadableRows<SourceRecord>> {
  if (deal !== undefined)
    return { rows: [await ledger.getRecord((await findDeal(database, deal)).recordId)], unreadable: [] };
  const found = await ledger.listRecords({
    ...toDealFilter(choice, now()),
    from: since === undefined ? undefined : new Date(`${since}T00:00:00Z`),
    limit,
  });
  if (found.rows.length + found.unreadable.length === 0) await ensureCompanyKnown(database, choice.company);
  return found;
}

async function* replayEach(
  dependencies: ReplayDependencies,
  choice: Choice,
  chosen: Chosen,
  actor: Actor | undefined,
): AsyncGenerator<ReplayedDeal> {
  for (const record of chosen.records) {
    try {
      yield await replayOne(dependencies, record, choice, chosen, actor);
    } catch (error) {
      // It stays as it is and says why, and the others go on (I13).
      if (!(error instanceof UnreadableContentError)) throw error;
      yield { record, outlook: [], leftOut: error.message };
    }
  }
  if (chosen.unreadable.length === 0) return;
  const named = chosen.unreadable.map(({ message }) => message).join('; ');
  throw new RefusedError(`left alone, since the ledger cannot read them: ${named}`);
}

async function replayOne(
  dependencies: ReplayDependencies,
  record: SourceRecord,
  { isAsRecorded }: Choice,
  { mappings, mapping }: Chosen,
  actor: Actor | undefined,
): Promise<ReplayedDeal> {
  const hash = mapping === 'then' ? record.mappingHash : mapping?.mappingHash;
  const rules = findRules(mappings, record, mapping, dependencies.rules);
  if (typeof rules === 'string') return { record, outlook: [], leftOut: rules };
  const outlook = await describeReplay(
    record,
    { ledger: dependencies.ledger, dataverse: dependencies.dataverse, preview: dependencies },
    { isAsRecorded, rules, before: findBefore(mappings, record) },
  );
  if (!actor) return { record, outlook };
  return { record, outlook, ...(await replay(dependencies, record, isAsRecorded, hash, actor)) };
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
function findBefore(mappings: Mappings, { mappingHash }: SourceRecord): Rules | string {
  if (mappingHash === undefined) return 'it was never read';
  try {
    return mappings.find(mappingHash);
  } catch (error) {
    if (error instanceof RefusedError) return error.message;
    throw error;
  }
}

async function replay(
  { deals, ledger }: ReplayDependencies,
  record: SourceRecord,
  isAsRecorded: boolean,
  mapping: string | undefined,
  actor: Actor,
): Promise<Pick<ReplayedDeal, 'leftOut' | 'outcome'>> {
  const { revision, carrierId, state } = record;
  if (isAsRecorded && revision === undefined) return { leftOut: 'it was never read, so there is nothing recorded' };
  if (isFinal(state) && carrierId !== undefined)
    return { leftOut: `${await nameCarrier(ledger, carrierId)} carries the deal: replay that one` };
  const outcome = await deals.replay(record, {
    actor,
    ...(mapping !== undefined && { mapping }),
    ...(isAsRecorded && revision !== undefined && { revision }),
  });
  return outcome.kind === 'running' ? { leftOut: outcome.reason } : { outcome: outcome.kind };
}
