import { isSameCode, toCode } from './codes.js';
import type { Columns } from './deal.js';
import type { Problem } from './holds.js';
import { type LinearPattern, toLinearPattern } from './linear-pattern.js';
import { isSame as isSameAmount } from './money.js';
import { STATE_CODES } from './state-codes.js';

/** Accounts, contacts and products of Sales beside what stands for them in Business Central: who is right, field by field. */

export const MASTER_KINDS = ['account', 'contact', 'product'] as const;
export type MasterKind = (typeof MASTER_KINDS)[number];

/** As what a row of each kind stands in Business Central, and links name it. */
export const LINK_KIND = {
  account: 'customer',
  contact: 'contact',
  product: 'item',
} as const satisfies Record<MasterKind, string>;
export type LinkKind = (typeof LINK_KIND)[MasterKind];

/** The other way round. */
export const MASTER_KIND = {
  customer: 'account',
  contact: 'contact',
  item: 'product',
} as const satisfies Record<LinkKind, MasterKind>;

/** A row of Sales as it was last read. */
export interface DataverseMaster {
  readonly kind: MasterKind;
  readonly rowId: string;
  readonly revision: string;
  readonly modifiedAt: string;
  readonly stateCode: number;
  readonly number: string | undefined;
  readonly name: string;
  readonly columns: Columns;
  /** The user who owns it; empty when a team does. */
  readonly owner: Columns;
  /** ISO code. */
  readonly currency: string | undefined;
  /** The survivor, when the row lost a merge (reference/dataverse-sales 12, trap 16). */
  readonly mergedInto: string | undefined;
  /** The parent of an account, the company of a contact. */
  readonly parentId: string | undefined;
  /** Default unit and structure of a product. */
  readonly unit?: string | undefined;
  readonly isFamily?: boolean | undefined;
  readonly isService?: boolean | undefined;
  /** Of an account, when contacts are followed. */
  readonly contacts?: readonly DataverseMaster[] | undefined;
}

/** A row of Business Central: every value as text, absent ones empty. */
export interface BusinessCentralMaster {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly modifiedAt: string;
  readonly values: Columns;
}

export type Wins = 'sales' | 'businessCentral' | 'newest';
export type Side = 'sales' | 'business-central';

/** What both sides said of a field when they last agreed: Business Central may spell the same otherwise. */
export interface Agreed {
  readonly dataverse: string;
  readonly businessCentral: string;
}

export type FieldKind = 'text' | 'code' | 'date' | 'decimal' | 'boolean' | 'option' | 'id';

export interface FieldFacts {
  readonly kind: FieldKind;
  readonly dataverse: string;
  readonly businessCentral: string;
  readonly agreed: Agreed | undefined;
}

/**
 * `same`: nothing to do. `leave`: they differ and nobody changed anything, or an empty side would erase what it never
 * held. `to-bc`, `to-dataverse`: this way it is written. `person`: both changed it, and nobody's work is thrown away.
 */
export type FieldDecision = 'same' | 'leave' | 'to-bc' | 'to-dataverse' | 'person';

/** The three-way rule; docs/masters.md has it as a table. */
export function decideField(facts: FieldFacts, wins: Wins, newer: Side): FieldDecision {
  const { dataverse, businessCentral, agreed, kind } = facts;
  if (isSameValue(kind, dataverse, businessCentral)) return 'same';
  const winner: Side = wins === 'newest' ? newer : wins === 'sales' ? 'sales' : 'business-central';
  if (agreed === undefined) return toward(winner, dataverse, businessCentral);
  const isSalesChanged = !isSameValue(kind, dataverse, agreed.dataverse);
  const isBusinessCentralChanged = !isSameValue(kind, businessCentral, agreed.businessCentral);
  if (!isSalesChanged && !isBusinessCentralChanged) return 'leave';
  if (isSalesChanged && isBusinessCentralChanged)
    return wins === 'newest' ? toward(winner, dataverse, businessCentral) : 'person';
  const changed: Side = isSalesChanged ? 'sales' : 'business-central';
  if (wins === 'newest' || changed === winner) return changed === 'sales' ? 'to-bc' : 'to-dataverse';
  // The losing side changed alone: it is set back, but not to an emptiness that nobody chose.
  return toward(winner, dataverse, businessCentral);
}

function toward(winner: Side, dataverse: string, businessCentral: string): FieldDecision {
  if (winner === 'sales') return dataverse === '' ? 'leave' : 'to-bc';
  return businessCentral === '' ? 'leave' : 'to-dataverse';
}

export function isSameValue(kind: FieldKind, left: string, right: string): boolean {
  if (kind === 'decimal') return isSameAmount(left || '0', right || '0');
  if (kind === 'code' || kind === 'option' || kind === 'id') return isSameCode(left, right);
  if (kind === 'boolean') return (left || 'false') === (right || 'false');
  return left.trim() === right.trim();
}

/** Which side was changed last; a tie goes to Sales, where people work on accounts. */
export function newerOf(
  dataverse: Pick<DataverseMaster, 'modifiedAt'>,
  businessCentral: Pick<BusinessCentralMaster, 'modifiedAt'>,
): Side {
  return Date.parse(businessCentral.modifiedAt) > Date.parse(dataverse.modifiedAt) ? 'business-central' : 'sales';
}

export type MasterState = 'active' | 'inactive' | 'merged' | 'deleted';

/** A product is sold unless it is retired: also while it is under revision. */
export function toMasterState({ kind, stateCode, mergedInto }: DataverseMaster): MasterState {
  if (mergedInto !== undefined) return 'merged';
  const isActive =
    kind === 'product' ? stateCode !== STATE_CODES.product.retired : stateCode === STATE_CODES[kind].active;
  return isActive ? 'active' : 'inactive';
}
const BLOCKED: Readonly<Record<'customer' | 'item', string>> = { customer: 'All', item: 'true' };

/**
 * The block that Business Central should have, or undefined when it is right as it is. Only what we blocked is
 * unblocked, back to what it was before.
 */
export function decideBlock(
  what: 'customer' | 'item',
  isSold: boolean,
  rule: 'block' | 'ignore',
  blocked: string,
  blockedFrom: string | undefined,
): string | undefined {
  if (isSold) return blockedFrom !== undefined && blocked === BLOCKED[what] ? blockedFrom : undefined;
  return rule === 'block' && blocked !== BLOCKED[what] ? BLOCKED[what] : undefined;
}

export interface ItemNumberRules {
  /** Product number (upper case) to item number. */
  readonly table: Readonly<Record<string, string>>;
  /** A regular expression over the whole number. */
  readonly pattern: { readonly match: string; readonly item: string } | undefined;
}

const patterns = new WeakMap<object, LinearPattern>();

/** The item that a product is: by the table, else by the pattern, else under the same number. */
export function toItemNumber(productNumber: string, { table, pattern }: ItemNumberRules): string {
  const known = table[toCode(productNumber)];
  if (known !== undefined) return known;
  if (!pattern) return productNumber;
  const compiled = patterns.get(pattern) ?? toLinearPattern(pattern.match);
  patterns.set(pattern, compiled);
  return compiled.replaceWhole(productNumber, pattern.item);
}

/** What the configuration says about masters. */
export interface MasterRules {
  readonly accounts: 'linked' | 'all';
  readonly products: 'linked' | 'all';
  readonly match: 'number' | 'ask';
  readonly deactivate: 'block' | 'ignore';
  readonly billTo: 'self' | 'parent';
  readonly contacts: boolean;
  /** Whether the number of a customer follows the number of its account. */
  readonly renumber: boolean;
  readonly wins: Wins;
  /** By field, where another side wins than everywhere else. */
  readonly winsFor: Readonly<Record<string, Wins>>;
  readonly createItems: boolean;
  readonly retired: 'block' | 'ignore';
  readonly pushPrices: boolean;
  readonly items: ItemNumberRules;
  /** Many changes within this time become one write. */
  readonly quietMs: number;
  readonly pageSize: number;
  readonly driftAt: { readonly hour: number; readonly minute: number };
}

/** A problem of a master, as the ledger keeps it. */
export type MasterProblem = Problem;
