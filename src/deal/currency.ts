import type { Decimal } from './money.js';

/** A currency as one company of Business Central has it. */
export interface CompanyCurrency {
  /** Its code there, which need not be the ISO code. */
  readonly code: string;
  /** How many decimals its amounts have there. */
  readonly decimals: number;
}

/** How many decimals an amount has (ISO 4217), where it is not two. */
// biome-ignore format: a table reads better dense
const DECIMALS: Readonly<Record<string, number>> = {
  BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0, UGX: 0, UYI: 0, VND: 0, VUV: 0,
  XAF: 0, XOF: 0, XPF: 0, BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3,
};

/** The currency under its ISO code, for whoever has no company to ask. */
export function toIsoCurrency(iso: string): CompanyCurrency {
  return { code: iso, decimals: DECIMALS[iso] ?? 2 };
}

/**
 * As the company has it. Nothing in API v2.0 shows the decimals of the local currency, so those are of ISO 4217
 * (reference/business-central 3.8).
 */
export function toCompanyCurrency(
  iso: string,
  found: { readonly code: string; readonly decimals?: number | undefined },
): CompanyCurrency {
  return { code: found.code, decimals: found.decimals ?? toIsoCurrency(iso).decimals };
}

/** The smallest amount that the currency knows: `0.01` for most. */
export function smallestUnit({ decimals }: CompanyCurrency): Decimal {
  return decimals === 0 ? '1' : `0.${'1'.padStart(decimals, '0')}`;
}
