import type { HoldReason } from './holds.js';
import { type LinkKind, MASTER_KIND } from './masters.js';

/** A row of Business Central that two rows of Sales claim: in words that name both (I11). */

const AMBIGUOUS = {
  customer: 'customer-ambiguous',
  contact: 'contact-ambiguous',
  item: 'item-ambiguous',
} as const satisfies Record<LinkKind, HoldReason>;

export interface Ambiguity {
  readonly reason: HoldReason;
  readonly text: string;
}

/** A row of Sales, by the name that people know it by, and by its id, which a command takes. */
export interface ClaimingRow {
  readonly id: string;
  readonly name?: string | undefined;
}

/** It stands for other rows already. */
export function toTaken(kind: LinkKind, number: string, sales: ClaimingRow, others: readonly ClaimingRow[]): Ambiguity {
  const row = MASTER_KIND[kind];
  const text = `${kind} ${number} stands for ${row} ${others.map(nameRow).join(', ')}, and ${row} ${nameRow(sales)} has its number as well`;
  return { reason: AMBIGUOUS[kind], text };
}

/** It stands for nobody yet, and the rules want a person to say whether the number means it. */
export function toAsked(number: string): Ambiguity {
  return { reason: 'customer-ambiguous', text: `customer ${number} has the number of the account` };
}

/** It stands for none of them yet, and each could be meant. */
export function toShared(
  kind: LinkKind,
  number: string,
  sales: ClaimingRow,
  others: readonly ClaimingRow[],
): Ambiguity {
  const rows = [sales, ...others].map(nameRow).join(', ');
  return {
    reason: AMBIGUOUS[kind],
    text: `${kind} ${number} has the number of several ${MASTER_KIND[kind]}s: ${rows}`,
  };
}

/** By name and id: people know the one, and a command takes the other. */
export function nameRow({ id, name }: ClaimingRow): string {
  return name ? `${name} (${id})` : id;
}
