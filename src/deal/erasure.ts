import type { Columns, ExtraColumns, WonDeal } from './deal.js';

/** What stands where the words of a person or a name stood. */
export const ERASED_TEXT = '(erased)';

/** The deal without names, addresses and typed words; ids, numbers and figures stay, the shape as well. */
export function toErasedDeal(deal: WonDeal): WonDeal {
  const { shipTo: _shipTo, customer, ...rest } = deal;
  return {
    ...rest,
    // What an opportunity has for a number is its topic, which somebody typed.
    ...(deal.table === 'opportunity' && { number: ERASED_TEXT }),
    name: ERASED_TEXT,
    ...(deal.seller !== undefined && { seller: ERASED_TEXT }),
    customer: customer && {
      accountId: customer.accountId,
      kind: customer.kind,
      number: customer.number,
      name: ERASED_TEXT,
      isActive: customer.isActive,
      email: undefined,
      phone: undefined,
      website: undefined,
      address: {},
    },
    shipTo: undefined,
    extra: toErasedColumns(deal.extra),
    // The text of a product is the product's; a write-in line says what somebody typed.
    lines: deal.lines.map((line) => ({
      ...line,
      ...(!line.product && { description: ERASED_TEXT }),
      ...(line.memo !== undefined && { memo: ERASED_TEXT }),
    })),
  };
}

/** Columns that the mapping asked for may hold anything; only a product's are nobody's. */
function toErasedColumns(extra: ExtraColumns): ExtraColumns {
  const erase = (columns: Columns): Columns =>
    Object.fromEntries(Object.keys(columns).map((name) => [name, ERASED_TEXT] as const));
  return {
    record: erase(extra.record),
    account: erase(extra.account),
    contact: erase(extra.contact),
    owner: erase(extra.owner),
    lines: Object.fromEntries(Object.entries(extra.lines).map(([id, columns]) => [id, erase(columns)] as const)),
    products: extra.products,
  };
}
