import { toCode } from '../../deal/codes.js';
import { HOLDS, type HoldOwner, type HoldReason, withoutRetry } from '../../deal/holds.js';
import type { SourceTable } from '../../deal/ids.js';
import type { Decimal } from '../../deal/money.js';
import type { Preview, PreviewMaster } from './preview.js';

/** Many previews counted together: how many would go through, and what holds the others. */

export interface FitDeal {
  readonly table: SourceTable;
  readonly number: string;
  readonly customer: string | undefined;
  readonly total: Decimal;
  readonly currency: string | undefined;
}

export interface FitExample extends FitDeal {
  readonly text: string;
}

export interface FitReason {
  readonly reason: HoldReason;
  readonly owner: HoldOwner;
  readonly nextStep: string;
  /** Held by it, whatever else holds them. */
  readonly deals: number;
  /** Held by nothing else. */
  readonly alone: number;
  /** Go through once this and all reasons before it in the list are cleared. */
  readonly throughAfter: number;
  /** What the problems say, the most frequent first. */
  readonly causes: readonly { readonly text: string; readonly deals: number }[];
  readonly examples: readonly FitExample[];
}

export interface FitMaster {
  readonly companyId: string;
  readonly number: string;
  readonly name: string;
  readonly email?: string | undefined;
  readonly deals: number;
}

export interface FitMasters {
  readonly matched: number;
  readonly missing: readonly FitMaster[];
}

export interface FitSummary {
  readonly deals: number;
  readonly lines: number;
  readonly untouched: number;
  /** The one that holds most deals first. */
  readonly reasons: readonly FitReason[];
  readonly customers: FitMasters;
  readonly items: FitMasters;
}

export interface FitCount {
  add(preview: Preview): void;
  summarize(): FitSummary;
}

const EXAMPLES = 5;
const CAUSES = 20;

export function createFitCount(): FitCount {
  /** How many deals are held by exactly these reasons. */
  const held = new Map<string, { readonly reasons: readonly HoldReason[]; deals: number }>();
  const found = new Map<HoldReason, { readonly causes: Map<string, number>; readonly examples: FitExample[] }>();
  const customers = createMasterCount();
  const items = createMasterCount();
  let [deals, lines, untouched] = [0, 0, 0];

  return {
    add({ deal, masters, problems }) {
      deals += 1;
      lines += deal.lines;
      if (masters.customer) customers.add(masters.companyId, [masters.customer]);
      items.add(masters.companyId, masters.items);
      const reasons = [...new Set(problems.map(({ reason }) => reason))].sort();
      if (reasons.length === 0) {
        untouched += 1;
        return;
      }
      const key = reasons.join(' ');
      const group = held.get(key) ?? { reasons, deals: 0 };
      group.deals += 1;
      held.set(key, group);
      for (const reason of reasons) {
        const texts = problems.filter((one) => one.reason === reason).map(({ text }) => text);
        const { causes, examples } = found.get(reason) ?? { causes: new Map<string, number>(), examples: [] };
        found.set(reason, { causes, examples });
        for (const text of new Set(texts.map((one) => toCause(one, deal))))
          causes.set(text, (causes.get(text) ?? 0) + 1);
        if (examples.length < EXAMPLES) examples.push({ ...toFitDeal(deal), text: texts.join('; ') });
      }
    },
    summarize() {
      const groups = [...held.values()];
      const count = (fits: (reasons: readonly HoldReason[]) => boolean): number =>
        groups.filter(({ reasons }) => fits(reasons)).reduce((sum, one) => sum + one.deals, 0);
      const cleared = new Set<HoldReason>();
      const ordered = [...found]
        .map(([reason, facts]) => ({ reason, ...facts, deals: count((reasons) => reasons.includes(reason)) }))
        .sort((a, b) => b.deals - a.deals || a.reason.localeCompare(b.reason));
      const reasons = ordered.map(({ reason, causes, examples, deals: byReason }): FitReason => {
        cleared.add(reason);
        return {
          reason,
          owner: HOLDS[reason].owner,
          nextStep: toStep(reason),
          deals: byReason,
          alone: count((all) => all.length === 1 && all[0] === reason),
          throughAfter: untouched + count((all) => all.every((one) => cleared.has(one))),
          causes: [...causes]
            .map(([text, ofDeals]) => ({ text, deals: ofDeals }))
            .sort((a, b) => b.deals - a.deals || a.text.localeCompare(b.text))
            .slice(0, CAUSES),
          examples,
        };
      });
      return { deals, lines, untouched, reasons, customers: customers.summarize(), items: items.summarize() };
    },
  };
}

function toFitDeal({ table, number, customer, total, currency }: Preview['deal']): FitDeal {
  return { table, number, customer, total, currency };
}

/** `line 3: unit 'Pack' …` of one deal is the same cause as `line 1: …` of another, or of another line of the same. */
function toCause(text: string, { table, number }: Preview['deal']): string {
  return text
    .replace(`${table} ${number}`, `the ${table}`)
    .replace(/^line \d+: /, '')
    .replace(/^line \d+(?=\.)/, 'line')
    .replace(/^line \d+(?= )/, 'a line');
}

/** Nothing has been started that could be retried. */
function toStep(reason: HoldReason): string {
  return withoutRetry(HOLDS[reason].nextStep);
}

function createMasterCount() {
  const known = new Map<string, FitMaster & { readonly isFound: boolean }>();
  return {
    add(companyId: string, masters: readonly PreviewMaster[]): void {
      for (const { number, name, email, isFound } of masters) {
        const key = `${companyId}/${toCode(number)}${number === '' ? name : ''}`;
        const deals = (known.get(key)?.deals ?? 0) + 1;
        known.set(key, { companyId, number, name, email, isFound, deals });
      }
    },
    summarize(): FitMasters {
      const all = [...known.values()];
      const missing = all
        .filter(({ isFound }) => !isFound)
        .map(({ isFound: _not, ...master }) => master)
        .sort((a, b) => b.deals - a.deals || a.number.localeCompare(b.number));
      return { matched: all.length - missing.length, missing };
    },
  };
}
