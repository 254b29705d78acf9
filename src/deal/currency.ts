import type { Decimal } from './money.js';

/** How many decimals an amount has (ISO 4217), where it is not two. */
// biome-ignore format: a table reads better dense
const DECIMALS: Readonly<Record<string, number>> = {
  BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0, UGX: 0, UYI: 0, VND: 0, VUV: 0,
  XAF: 0, XOF: 0, XPF: 0, BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3,
};

export function currencyDecimals(currency: string | undefined): number {
  return DECIMALS[currency ?? ''] ?? 2;
}

/** The smallest amount that the currency knows: `0.01` for most. */
export function smallestUnit(currency: string | undefined): Decimal {
  const decimals = currencyDecimals(currency);
  return decimals === 0 ? '1' : `0.${'1'.padStart(decimals, '0')}`;
}
