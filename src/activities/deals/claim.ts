import { InternalError } from '../../deal/errors.js';
import { findHandOverDifferences } from '../../deal/hand-over-differences.js';
import type { LineRules } from '../../deal/line-rules.js';
import { listedAtMost } from '../../deal/many-problems.js';
import type { CompanyContext } from '../../deal/step-context.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { LinkLedger } from '../../ledger/masters/link-ledger.js';
import type { ProductRef } from '../masters/deal-master-data.js';
import { isUnknown, toProductPage } from './products.js';

export interface Masters {
  readonly customer: { readonly id: string; readonly number: string } | undefined;
  readonly unknownProducts: readonly ProductRef[];
  /** As in {@link ProductPage}: more of them may be unknown from there on. */
  readonly nextProduct?: number;
}

/** A deal as it was read. */
export interface ClaimInput {
  readonly recordId: string;
  readonly revision: string;
  readonly ancestors: readonly string[];
  readonly customer: { readonly accountId: string } | undefined;
  readonly context: CompanyContext;
}

export type ClaimAnswer =
  | { readonly kind: 'carrier'; readonly masters: Masters }
  | { readonly kind: 'superseded'; readonly by: string }
  | {
      readonly kind: 'already-handed-over';
      readonly by: string;
      /** What this record would hand over otherwise: money that would never be invoiced, or was invoiced too much. */
      readonly differences: readonly string[];
    };

/** Whose deal is it (I1)? The carrier also learns what is known of customer and items without asking anybody. */
export type ClaimDeal = (input: ClaimInput, products: readonly ProductRef[]) => Promise<ClaimAnswer>;

export interface ClaimDependencies {
  readonly ledger: DealLedger & LinkLedger;
  readonly lines?: Pick<LineRules, 'grossPriceLists'>;
}

export function createClaimDeal({ ledger, lines }: ClaimDependencies): ClaimDeal {
  async function findMasters(
    { context: { companyId }, customer }: ClaimInput,
    products: readonly ProductRef[],
  ): Promise<Masters> {
    const productIds = products.map((product) => product.productId);
    const [customers, items] = await Promise.all([
      customer ? ledger.findLinks('customer', companyId, [customer.accountId]) : undefined,
      productIds.length > 0 ? ledger.findLinks('item', companyId, productIds) : new Map(),
    ]);
    const known = customer && customers?.get(customer.accountId);
    const unknown = toProductPage(products, 0, (product) => isUnknown(product, items));
    return {
      customer: known && { id: known.bcId, number: known.bcNumber },
      unknownProducts: unknown.products,
      ...(unknown.nextProduct !== undefined && { nextProduct: unknown.nextProduct }),
    };
  }

  /** The content of both records, each at the revision that is handed over. */
  async function compareWith(carrierId: string, { recordId, revision }: ClaimInput): Promise<string[]> {
    const { revision: handedOver } = await ledger.getRecord(carrierId);
    if (handedOver === undefined) throw new InternalError(`record ${carrierId} drafts without a revision`);
    const [was, is] = [await ledger.getDeal(carrierId, handedOver), await ledger.getDeal(recordId, revision)];
    return listedAtMost(findHandOverDifferences(was, is, lines));
  }

  return async (input, products) => {
    // Of a record that is not the carrier nobody needs the masters; asked together they take no time of their own.
    const [claim, masters] = await Promise.all([
      ledger.claim(input.recordId, input.ancestors),
      findMasters(input, products),
    ]);
    switch (claim.kind) {
      case 'carrier':
        return { kind: 'carrier', masters };
      case 'superseded':
        return claim;
      case 'already-handed-over':
        return { ...claim, differences: await compareWith(claim.by, input) };
    }
  };
}
