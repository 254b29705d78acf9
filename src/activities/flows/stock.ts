import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { DataverseFlows, SalesUnit } from '../../clients/dataverse/flows.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import { isSameCode } from '../../deal/codes.js';
import { InternalError } from '../../deal/errors.js';
import { type LineRules, toUnitCode } from '../../deal/line-rules.js';
import { divide, isZero, multiply, round } from '../../deal/money.js';
import type { Carried, FlowValues } from '../../ledger/feeds/flows.js';
import type { FlowRules } from '../../mapping/rules/flows-file.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { fitColumns } from './columns.js';
import { type Flow, toNote } from './flow.js';
import { collectSwept, createCurrencyCheck, type SweptDependencies } from './swept-flow.js';
import { type Carrying, ensurePending, updateReadRow } from './update-row.js';

/** Stock and unit price of an item: columns of its product, and the entry of a price list. */

export type StockDependencies = SweptDependencies & {
  readonly businessCentral: Pick<BusinessCentralClient, 'readItemFigures' | 'readCodes'>;
  readonly dataverseFlows: Pick<DataverseFlows, 'findPrice' | 'updatePrice' | 'findDefaultUnit'>;
  /** By which units of Sales are called in Business Central. */
  readonly lines: LineRules;
};

export function createStockFlow(dependencies: StockDependencies, rule: NonNullable<FlowRules['stock']>): Flow {
  const { businessCentral, dataverseFlows } = dependencies;
  const { columns, priceList } = rule;
  const currency = createCurrencyCheck(dependencies);
  const name = 'stock';

  async function writePrice(carrying: Carrying, priceListId: string, productId: string, amount: string) {
    const price = await toTemporalFailures(() => dataverseFlows.findPrice(priceListId, productId));
    if (!price) return toNote('not-in-price-list', 'the price list has no entry for the product in its default unit');
    if (!price.isAmount) return toNote('column-unfit', 'the price list computes the price: its entry has no amount');
    const other = await currency.findOther(price.currency, 'the price list');
    if (other) return toNote('other-currency', other);
    return toTemporalFailures(async () => {
      await ensurePending(dependencies.flows, carrying);
      return dataverseFlows.updatePrice(price, amount, REPEATABLE);
    });
  }

  return {
    name,
    everyMinutes: rule.everyMinutes,
    batchSize: 20,
    collect: (place) =>
      collectSwept(
        dependencies,
        { name, kind: 'item', unlinked: 'no-product', rule: { columns, priceList } },
        place,
        async (...page) => {
          const { rows, nextLink } = await businessCentral.readItemFigures(...page);
          return { rows: rows.map(({ id, ...values }) => ({ id, values })), nextLink };
        },
      ),

    async carry(thing): Promise<Carried> {
      const { targetId, values } = thing;
      const carrying = { flow: name, thing } as const;
      if (targetId === undefined) throw new InternalError('the item has no product');
      const figures = inUnitOfSale(
        values,
        await toTemporalFailures(() => dataverseFlows.findDefaultUnit(targetId)),
        dependencies.lines,
      );
      if ('otherUnit' in figures) return toNote('other-unit', figures.otherUnit);
      const { inventory, unitPrice } = figures;
      const product = { table: 'product', id: targetId } as const;
      const fitted = await fitColumns(dataverseFlows, 'product', [
        [columns?.inventory, { kind: 'number', text: inventory }],
        [columns?.unitPrice, { kind: 'amount', text: unitPrice }],
      ]);
      if ('unfit' in fitted) return toNote('column-unfit', fitted.unfit);
      const other = fitted.hasMoney ? await currency.findOtherOfRow(product) : undefined;
      if (other) return toNote('other-currency', other);
      let receipt =
        columns && (await toTemporalFailures(() => updateReadRow(dependencies, carrying, product, fitted.columns)));
      if (priceList !== undefined) {
        const priced = await writePrice(carrying, priceList, targetId, unitPrice);
        if ('state' in priced) return priced;
        receipt = priced;
      }
      const { requestId, correlationId } = receipt ?? {};
      const audit = {
        actor: 'dealbridge',
        action: 'write stock and price of the item on the product in Sales',
      } as const;
      return {
        state: 'carried',
        audit: { ...audit, recordId: targetId, requestId, correlationId, after: { ...values, inventory, unitPrice } },
      };
    },
  };
}

/** Decimals of a quantity in Sales, and of an amount of money. */
const QUANTITY_DECIMALS = 5;
const MONEY_DECIMALS = 4;

/**
 * Business Central counts an item in its base unit, Sales a product in its default unit. No API shows how many of the one make
 * the other but where the unit of Sales is made of the one of the item.
 */
function inUnitOfSale(
  { inventory = '', unitPrice = '', unit = '' }: FlowValues,
  sold: SalesUnit | undefined,
  rules: LineRules,
): { readonly inventory: string; readonly unitPrice: string } | { readonly otherUnit: string } {
  const isOfItem = (name: string | undefined): boolean => isSameCode(toUnitCode(name, rules) ?? '', unit);
  if (!sold || unit === '' || isOfItem(sold.name)) return { inventory, unitPrice };
  const { factor, baseUnit } = sold;
  if (factor === undefined || isZero(factor) || !isOfItem(baseUnit))
    return { otherUnit: `the product is sold in ${sold.name}, the item is counted in ${unit}` };
  return {
    inventory: divide(inventory, factor, QUANTITY_DECIMALS),
    unitPrice: round(multiply(unitPrice, factor), MONEY_DECIMALS),
  };
}
