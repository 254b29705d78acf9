import type { WonDeal } from './deal.js';

/** What stands where the words of a person or a name stood. */
export const ERASED_TEXT = '(erased)';

/** The deal without names, addresses and typed words; ids, numbers and figures stay, the shape as well. */
export function toErasedDeal(deal: WonDeal): WonDeal {
  const { shipTo: _shipTo, customer, ...rest } = deal;
  return {
    ...rest,
    name: ERASED_TEXT,
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
    // The text of a product is the product's; a write-in line says what somebody typed.
    lines: deal.lines.map((line) => (line.product ? line : { ...line, description: ERASED_TEXT })),
  };
}
