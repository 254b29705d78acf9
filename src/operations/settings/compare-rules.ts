import { z } from 'zod';
import { RemoteApiError } from '../../clients/errors.js';
import { RefusedError } from '../../deal/errors.js';
import { CARRYING_STATES } from '../../deal/states.js';
import type { Queryable } from '../../ledger/database.js';
import { type ListedDeal, listDeals } from '../../ledger/deals/list-deals.js';
import { findChanges, type PreviewChange } from '../../mapping/preview/changes.js';
import { RulesError, type RulesFault, readRules } from '../../mapping/rules/read-rules.js';
import type { Rules } from '../../mapping/rules/rules.js';
import type { RulesFile } from '../../mapping/rules/rules-file.js';
import { createPreviewer, type PreviewDependencies } from '../deals/previewer.js';
import { typedNumber, upTo } from '../input-faults.js';
import { defineOperation } from '../operation.js';

/** What a rules file would change, before it is put in force. Nothing of it is stored, and nothing is written anywhere. */

export type { RulesFault };

export interface ComparisonDependencies extends PreviewDependencies {
  readonly database: Queryable;
  /** In force, as they run and as their file says them. */
  readonly rules: Rules;
  readonly rulesFile: RulesFile;
  /** @throws RefusedError when a file that reads well is not usable */
  readonly makeRules: (file: RulesFile) => Rules;
  readonly turn: ComparisonTurn;
}

/** Each comparison reads both systems some hundred times: there is one at a time. */
export interface ComparisonTurn {
  isTaken: boolean;
}

export type RulesComparison =
  | { readonly kind: 'faults'; readonly faults: readonly RulesFault[] }
  | {
      readonly kind: 'readable';
      readonly changes: readonly RuleChange[];
      /** How many deals are compared. */
      readonly total: number;
      /** One after the other, the newest first, each when it is asked for. */
      readonly deals: AsyncIterable<ComparedDeal>;
    };

export interface RuleChange {
  /** Its path in the file. */
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export type ComparedDeal = { readonly deal: ListedDeal } & (
  | { readonly outcome: 'same' }
  | { readonly outcome: 'different'; readonly changes: readonly PreviewChange[] }
  /** One of the systems did not give it. */
  | { readonly outcome: 'not-compared'; readonly why: string }
);

const KIB = 1024;
const MAX_BYTES = 256 * KIB;
const MAX_DEALS = 200;
/** A system that is down is not asked two hundred times. */
const MAX_FAILURES_IN_A_ROW = 3;

export const compareRules = defineOperation({
  act: 'compare rules',
  input: z.strictObject({
    text: z
      .string()
      .min(1, 'the text of a rules file')
      .refine((text) => Buffer.byteLength(text) <= MAX_BYTES, `a rules file of at most ${MAX_BYTES / KIB} KiB`),
    deals: upTo(MAX_DEALS, typedNumber).default(50),
  }),
  run: async (dependencies: ComparisonDependencies, { text, deals: limit }): Promise<RulesComparison> => {
    ensureFree(dependencies.turn);
    const file = readOrFaults(text);
    if ('faults' in file) return { kind: 'faults', faults: file.faults };
    const rules = dependencies.makeRules(file.read);
    const listed = await listDeals(dependencies.database, { states: CARRYING_STATES, order: 'newest', limit });
    return {
      kind: 'readable',
      changes: findRuleChanges(dependencies.rulesFile, file.read),
      total: listed.length,
      deals: compareDeals(dependencies, listed, rules),
    };
  },
});

function ensureFree({ isTaken }: ComparisonTurn): void {
  if (isTaken) throw new RefusedError('another rules file is being compared: wait until that has ended');
}

function readOrFaults(text: string): { readonly read: RulesFile } | { readonly faults: readonly RulesFault[] } {
  try {
    return { read: readRules(text) };
  } catch (error) {
    if (error instanceof RulesError) return { faults: error.faults };
    throw error;
  }
}

async function* compareDeals(
  dependencies: ComparisonDependencies,
  listed: readonly ListedDeal[],
  other: Rules,
): AsyncGenerator<ComparedDeal> {
  const { turn, rules } = dependencies;
  // Two may have asked at the same moment.
  ensureFree(turn);
  turn.isTaken = true;
  try {
    const [today, then] = [createPreviewer(dependencies, rules), createPreviewer(dependencies, other)];
    let failures = 0;
    for (const deal of listed) {
      if (failures === MAX_FAILURES_IN_A_ROW) return;
      const compared = await compareDeal(deal, today, then);
      failures = compared.outcome === 'not-compared' ? failures + 1 : 0;
      yield compared;
    }
  } finally {
    turn.isTaken = false;
  }
}

type Previewer = ReturnType<typeof createPreviewer>;

async function compareDeal(deal: ListedDeal, today: Previewer, then: Previewer): Promise<ComparedDeal> {
  try {
    const before = await today.preview(deal.table, deal.recordId);
    const changes = findChanges(before, await then.preview(deal.table, deal.recordId));
    return changes.length === 0 ? { deal, outcome: 'same' } : { deal, outcome: 'different', changes };
  } catch (error) {
    if (error instanceof RemoteApiError) return { deal, outcome: 'not-compared', why: error.message };
    throw error;
  }
}

/** Rule by rule; a rule that one of the files does not say has its default there. */
function findRuleChanges(before: RulesFile, after: RulesFile): RuleChange[] {
  const [left, right] = [flatten(before), flatten(after)];
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((field) => ({ field, before: left.get(field), after: right.get(field) }))
    .filter((change) => change.before !== change.after);
}

function flatten(file: RulesFile): Map<string, string> {
  const flat = new Map<string, string>();
  const visit = (value: unknown, path: string): void => {
    if (value === undefined || value === null) return;
    if (value instanceof Date) flat.set(path, value.toISOString());
    else if (typeof value !== 'object') flat.set(path, String(value));
    else for (const [key, one] of Object.entries(value)) visit(one, path === '' ? key : `${path}.${key}`);
  };
  visit(file, '');
  return flat;
}
