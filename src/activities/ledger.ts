import type { RecordRef } from '../deal/deal.js';
import type { Problem } from '../deal/holds.js';
import type { DealState } from '../deal/states.js';
import type { ClaimOutcome } from '../ledger/claims.js';
import type { Ledger } from '../ledger/ledger.js';
import type { ProductRef } from './business-central.js';

export interface StateNote {
  readonly recordId: string;
  readonly state: DealState;
  readonly problems?: readonly Problem[];
  /** A decision that belongs into the audit trail: who, what, with which figures. */
  readonly decision?: {
    readonly actor: string;
    readonly action: string;
    readonly facts: Readonly<Record<string, unknown>>;
  };
  readonly bearerId?: string;
}

export interface Masters {
  readonly customer: { readonly id: string; readonly number: string } | undefined;
  readonly unknownProducts: readonly ProductRef[];
}

export interface ClaimInput {
  readonly recordId: string;
  readonly ancestors: readonly string[];
  readonly accountId: string;
  readonly products: readonly ProductRef[];
}

export type ClaimAnswer =
  | { readonly kind: 'bearer'; readonly masters: Masters }
  | Exclude<ClaimOutcome, { readonly kind: 'bearer' }>;

export interface SealNote {
  readonly number: string;
  readonly at: string;
  readonly sealHash: string;
}

export interface LedgerActivityDependencies {
  readonly ledger: Ledger;
  readonly companyId: string;
  /** The one function that starts a deal, whoever asks for it. */
  readonly startDeal: (ref: RecordRef) => Promise<unknown>;
}

/** Steps of a few milliseconds in our own database; they run as local activities. */
export function createLedgerActivities({ ledger, companyId, startDeal }: LedgerActivityDependencies) {
  async function findMasters({ accountId, products }: ClaimInput): Promise<Masters> {
    const productIds = products.map((product) => product.productId);
    const customers = await ledger.findLinks('customer', companyId, [accountId]);
    const items = productIds.length > 0 ? await ledger.findLinks('item', companyId, productIds) : new Map();
    const customer = customers.get(accountId);
    return {
      customer: customer && { id: customer.bcId, number: customer.bcNumber },
      unknownProducts: products.filter((product) => !items.has(product.productId)),
    };
  }

  return {
    async noteState({ recordId, state, problems, decision, bearerId }: StateNote): Promise<void> {
      const first = problems?.[0];
      const change = {
        state,
        ...(first && {
          hold: { reason: first.reason, text: (problems ?? []).map((problem) => problem.text).join('; ') },
        }),
        ...(bearerId && { bearerId }),
      };
      const held = first && {
        actor: 'dealbridge',
        action: 'hold',
        facts: { reasons: (problems ?? []).map((p) => p.reason) },
      };
      const entry = decision ? toEntry(decision) : held;
      await ledger.change(recordId, change, entry);
    },
    /** Whose deal is it (I1)? The bearer also learns what is known of customer and items without asking anybody. */
    async claimDeal(input: ClaimInput): Promise<ClaimAnswer> {
      const claim = await ledger.claim(input.recordId, input.ancestors);
      return claim.kind === 'bearer' ? { kind: 'bearer', masters: await findMasters(input) } : claim;
    },
    releaseClaims: ({ recordId }: { readonly recordId: string }): Promise<void> => ledger.releaseClaims(recordId),
    async ensureDealRuns(ref: RecordRef): Promise<void> {
      await startDeal(ref);
    },
    /** The seal stands in Temporal's history as well: a witness outside of the database. */
    async sealAudit(): Promise<SealNote | undefined> {
      const seal = await ledger.sealAudit();
      return seal && { number: seal.number, at: seal.at, sealHash: seal.sealHash };
    },
  };
}

/** What a person typed may name people: it stands apart, where it can be erased. */
function toEntry({ actor, action, facts }: NonNullable<StateNote['decision']>) {
  const { note, reason, ...rest } = facts;
  const personal = { ...(note ? { note } : {}), ...(reason ? { reason } : {}) };
  return { actor, action, facts: rest, ...(Object.keys(personal).length > 0 && { personal }) };
}

export type LedgerActivities = ReturnType<typeof createLedgerActivities>;
