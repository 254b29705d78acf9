import { InternalError } from '../../deal/errors.js';
import { decideLine, rulesOfProduct, toUnitCode } from '../../deal/line-rules.js';
import { sayMissing } from '../../deal/missing-master-data.js';
import { BY_RULES } from '../../ledger/masters/links.js';
import type { MasterRef } from '../../ledger/masters/masters.js';
import { toNumberedDeal } from '../../mapping/fields/masters.js';
import { isItemByRule } from '../../mapping/plan/item-by-rule.js';
import { planItem } from '../../mapping/plan/plan-master-data.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { ensureItem } from './create/item.js';
import { createRowReader, type ReadRequest, type RowReading } from './read-row.js';
import {
  type ChangeOutcome,
  createSyncSteps,
  getContent,
  type SyncComparison,
  type SyncDependencies,
} from './sync-master-data.js';

/** Products, kept in agreement with items. */

export interface ProductRowRef {
  readonly rowId: string;
}

export type ProductReading = RowReading;

export type ItemFinding = 'linked' | 'none' | 'refused' | 'stale';

const toRef = ({ rowId }: ProductRowRef): MasterRef => ({ kind: 'product', rowId });

/** On the queue of Sales. */
export function createProductReaders(dependencies: SyncDependencies) {
  const { clock, rules } = dependencies;
  const steps = createSyncSteps(dependencies);
  const reader = createRowReader(dependencies, { kind: 'product', follows: rules.masters.products });

  async function readProduct(input: ReadRequest): Promise<ProductReading> {
    const readFrom = clock.now();
    const row = await reader.findRow('product', input.rowId);
    if (!row) return reader.followDeleted('product', input.rowId);
    // Nobody sells a family.
    return row.isFamily ? { kind: 'not-followed' } : reader.follow(row, input, readFrom);
  }

  return {
    readProduct: async (input: ReadRequest): Promise<ProductReading> =>
      reader.endUnlessFollowed(input.rowId, await readProduct(input)),

    updateProduct: (input: ProductRowRef): Promise<ChangeOutcome> => steps.updateDataverse(toRef(input)),
  };
}

/** On the queue of Business Central. */
export function createItemSteps(dependencies: SyncDependencies) {
  const { businessCentral, sets, masters, rules } = dependencies;
  const steps = createSyncSteps(dependencies);

  /** By the mapping's own column or formula, then by the table or the pattern of the rules, then by a rule for lines. */
  async function getNumbered(ref: MasterRef) {
    const content = getContent(await masters.getMaster(ref));
    const { deal, problems } = await toNumberedDeal(content, rules);
    const [line] = deal.lines;
    if (!line) throw new InternalError(`product ${ref.rowId} has no line`);
    const lines = rulesOfProduct(line, rules.lines, deal);
    const { number } = decideLine(line, lines, deal);
    return { deal, line, lines, problems, number, isByRule: isItemByRule(number, deal, line, rules) };
  }

  return {
    async findItemOfProduct(input: ProductRowRef): Promise<ItemFinding> {
      const ref = toRef(input);
      const { number, isByRule, problems } = await getNumbered(ref);
      return steps.keeping(ref, 'match', async () => {
        if (problems.length > 0) {
          await masters.saveProblems(ref, 'match', problems);
          return 'refused' as const;
        }
        const found = number === '' ? undefined : await businessCentral.findMaster('items', number);
        if (found) return steps.linkByNumber(ref, found, isByRule ? BY_RULES : undefined);
        if (rules.masters.createItems && number !== '') return 'none' as const;
        await steps.saveProblem(ref, 'match', {
          reason: 'item-missing',
          text: sayMissing('item', number || 'without a number'),
        });
        return 'refused' as const;
      });
    },

    /** From the template of the rules: type, base unit, category, tax group; what is missing is named at once. */
    async createItemOfProduct(input: ProductRowRef): Promise<ItemFinding> {
      const ref = toRef(input);
      const { deal, line, lines } = await getNumbered(ref);
      // Units are only created for a deal, which shows that they are used.
      const item = await toTemporalFailures(() =>
        planItem(deal, line, { ...rules, lines, createUnits: false }, steps.lookups),
      );
      const { unitPrice: _1, unitCost: _2, ...unpriced } = item.values;
      const plan = rules.masters.pushPrices ? item : { ...item, values: unpriced };
      return steps.creating(ref, plan.problems, () => ensureItem(dependencies, ref.rowId, plan));
    },

    /** Reports a unit that Business Central lacks, and an item that is blocked while Sales sells the product. */
    async readItem(input: ProductRowRef): Promise<SyncComparison> {
      const ref = toRef(input);
      const comparison = await steps.readComparison(ref);
      const kept = await masters.getMaster(ref);
      const content = getContent(kept);
      const problems = [];
      const unit = toUnitCode(content.unit, rules.lines);
      const isSold = kept.state === 'active';
      if (!comparison.isGone && isSold && unit && !(await sets.find('unitsOfMeasure', unit))) {
        problems.push({ reason: 'unit-unknown' as const, text: `Business Central has no unit ${unit}` });
      }
      const isBlocked = kept.businessCentral?.values['blocked'] === 'true';
      if (!comparison.isGone && isSold && isBlocked && kept.blockedFrom === undefined) {
        const text = `item ${kept.bcNumber} is blocked, and Sales sells the product`;
        problems.push({ reason: 'item-blocked' as const, text });
      }
      await masters.saveProblems(ref, 'report', problems);
      return comparison;
    },

    updateItem: (input: ProductRowRef): Promise<ChangeOutcome> => steps.updateBusinessCentral(toRef(input)),
  };
}

export type ProductReaders = ReturnType<typeof createProductReaders>;
export type ItemSteps = ReturnType<typeof createItemSteps>;
