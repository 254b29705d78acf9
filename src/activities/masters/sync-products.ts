import { RemoteApiError } from '../../clients/errors.js';
import { toUnitCode } from '../../deal/line-rules.js';
import { type DataverseMaster, toItemNumber, toMasterState } from '../../deal/masters.js';
import type { MasterRef } from '../../ledger/masters/masters.js';
import { toMasterDeal } from '../../mapping/fields/master-fields.js';
import { withMappedNumbers } from '../../mapping/fields/masters.js';
import { planItem } from '../../mapping/plan/plan-master-data.js';
import { toFailure } from '../remote/failures.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { ensureItem } from './create/item.js';
import {
  type ChangeOutcome,
  createMasterSteps,
  getContent,
  type MasterDependencies,
  type SyncComparison,
  toEcho,
  toGone,
} from './sync-master-data.js';

/** Products, kept in agreement with items. */

export interface ProductRowRef {
  readonly rowId: string;
}

export type ProductReading =
  | { readonly kind: 'not-followed' | 'echo' }
  | { readonly kind: 'followed'; readonly isActive: boolean; readonly isLinked: boolean; readonly echo: string };

export type ItemFinding = 'linked' | 'none' | 'refused' | 'stale';

const toRef = ({ rowId }: ProductRowRef): MasterRef => ({ kind: 'product', rowId });

/** On the queue of Sales. */
export function createProductReaders(dependencies: MasterDependencies) {
  const { dataverseMasters, masters, rules, ledger, companyId } = dependencies;
  const steps = createMasterSteps(dependencies);

  return {
    async readProduct(input: ProductRowRef & { readonly isThorough: boolean }): Promise<ProductReading> {
      const ref = toRef(input);
      const kept = await masters.findMaster(ref);
      let row: DataverseMaster;
      try {
        row = await dataverseMasters.readMaster('product', input.rowId);
      } catch (error) {
        if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw toFailure(error);
        if ((await ledger.findLinks('item', companyId, [input.rowId])).size === 0) return { kind: 'not-followed' };
        const content = kept?.content ?? toGone('product', input.rowId);
        await masters.change(ref, { state: 'deleted', content }, undefined, {
          actor: 'Sales',
          action: 'delete product in Sales',
          facts: { number: content.number },
        });
        return { kind: 'followed', isActive: false, isLinked: true, echo: 'deleted' };
      }
      // Nobody sells a family.
      if (row.isFamily) return { kind: 'not-followed' };
      const isLinked = (await ledger.findLinks('item', companyId, [input.rowId])).has(input.rowId);
      const state = toMasterState(row);
      if (!isLinked && (rules.masters.products === 'linked' || state !== 'active')) return { kind: 'not-followed' };
      const hasProblems = (kept?.problems.length ?? 0) > 0;
      const echo = toEcho(row);
      if (isLinked && !input.isThorough && !hasProblems && kept?.echo === echo) return { kind: 'echo' };
      await masters.change(ref, { content: row, state });
      return { kind: 'followed', isActive: state === 'active', isLinked, echo };
    },

    updateProduct: (input: ProductRowRef): Promise<ChangeOutcome> => steps.updateDataverse(toRef(input)),
  };
}

/** On the queue of Business Central. */
export function createItemSteps(dependencies: MasterDependencies) {
  const { businessCentral, sets, masters, rules } = dependencies;
  const steps = createMasterSteps(dependencies);

  /** By the mapping's own column or formula, then by the table or the pattern of the rules. */
  async function getItemNumber(content: DataverseMaster): Promise<string> {
    const [line] = (await withMappedNumbers(toMasterDeal(content), rules.mapping)).lines;
    return toItemNumber(line?.product?.number ?? content.number ?? '', rules.masters.items);
  }

  return {
    async findItemOfProduct(input: ProductRowRef): Promise<ItemFinding> {
      const ref = toRef(input);
      const content = getContent(await masters.getMaster(ref));
      const number = await getItemNumber(content);
      return steps.keeping(ref, 'match', async () => {
        const found = number === '' ? undefined : await businessCentral.findMaster('items', number);
        if (found) {
          const link = { salesId: ref.rowId, bcId: found.id, bcNumber: found.number };
          await masters.change(ref, {}, link, {
            actor: 'dealbridge',
            action: 'link item by its number',
            facts: { itemNumber: found.number },
          });
          return 'linked' as const;
        }
        if (rules.masters.createItems && number !== '') return 'none' as const;
        await steps.saveProblem(ref, 'match', {
          reason: 'item-missing',
          text: `no item ${number || 'without a number'}`,
        });
        return 'refused' as const;
      });
    },

    /** From the template of the rules: type, base unit, category, tax group; what is missing is named at once. */
    async createItemOfProduct(input: ProductRowRef): Promise<ItemFinding> {
      const ref = toRef(input);
      const content = getContent(await masters.getMaster(ref));
      const number = await getItemNumber(content);
      const deal = toMasterDeal(content);
      const [line] = deal.lines;
      if (!line?.product) throw new TypeError(`product ${ref.rowId} has no line`);
      const named = { ...line, product: { ...line.product, number } };
      // Units are only created for a deal, which shows that they are used.
      const item = await toTemporalFailures(() =>
        planItem(deal, named, { ...rules, createUnits: false }, steps.lookups),
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
