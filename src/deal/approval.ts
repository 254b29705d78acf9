import type { Actor } from './actor.js';
import { isSameCode } from './codes.js';
import type { Decimal } from './money.js';
import { isLess } from './money.js';

/** Which documents more than one person confirms (four eyes), and who may be one of them. */

export interface ApprovalRule {
  /** Total including tax, in the currency of the document. */
  readonly above?: Decimal | undefined;
  /** Of {@link above}: a document in another currency cannot be compared with it, and counts as above it. */
  readonly currency?: string | undefined;
  /** Nothing was handed over for the customer before. */
  readonly newCustomer?: true | undefined;
  /** Draft and deal do not agree, and a person may accept it. */
  readonly difference?: true | undefined;
  /** Somebody changed the draft by hand in Business Central. */
  readonly edited?: true | undefined;
  readonly approvers: number;
}

/** What the ledger knows of a draft. */
export interface DraftFacts {
  readonly isNewCustomer: boolean;
  readonly isEdited: boolean;
}

export interface ApprovalFacts extends DraftFacts {
  readonly total: Decimal;
  readonly currency: string;
  readonly hasDifference: boolean;
}

/**
 * Nobody can say who changed a draft by hand: API v2.0 names no user (reference/business-central 2.8). Of several people who
 * confirm it one may be that person, so one more is asked, and as many as the rule wants are certainly others.
 * @returns how many different people have to confirm; 0 when no rule says anything of the document
 */
export function toApproval(rules: readonly ApprovalRule[], facts: ApprovalFacts): Approval {
  const wanted = Math.max(0, ...rules.filter((rule) => isMet(rule, facts)).map(({ approvers }) => approvers));
  return wanted > 1 && facts.isEdited ? { needed: wanted + 1, hasOneMore: true, by: [] } : { needed: wanted, by: [] };
}

/** All that a rule names must be so. */
function isMet({ above, currency, newCustomer, difference, edited }: ApprovalRule, facts: ApprovalFacts): boolean {
  if (above !== undefined && isComparable(currency, facts.currency) && !isLess(above, facts.total)) return false;
  if (newCustomer && !facts.isNewCustomer) return false;
  if (edited && !facts.isEdited) return false;
  return !difference || facts.hasDifference;
}

/**
 * Whether an amount of the rules is one of a document in the currency; both as Business Central calls them. Without a currency the
 * amount is meant in each.
 */
export function isComparable(limit: string | undefined, document: string): boolean {
  return limit === undefined || isSameCode(limit, document);
}

/** Where a document stands that several confirm. */
export interface Approval {
  readonly needed: number;
  /** One of them is asked because somebody changed the draft by hand, and may be one of the others. */
  readonly hasOneMore?: true;
  /** Names of those who have. */
  readonly by: readonly string[];
  /** And what the issuer knows them by: a name may change, and a token may give another one than a page. */
  readonly people?: readonly string[] | undefined;
}

/** With one more person who has confirmed. */
export function withApprover<Given extends Pick<Approval, 'by' | 'people'>>(approval: Given, actor: Actor): Given {
  const { by, people = [] } = approval;
  const { name, personId } = actor;
  return { ...approval, by: [...by, name], ...(personId !== undefined && { people: [...people, personId] }) };
}

/** How many are missing once the person has confirmed who does so now. */
export function countMissingAfter({ needed, by }: Approval): number {
  return Math.max(0, needed - by.length - 1);
}

/** Why this person is none of them; undefined when it is one. */
export function findApproverMisfit(actor: Actor, { needed, by, people = [] }: Approval): string | undefined {
  if (needed < 2) return undefined;
  if (!actor.isVerified) return `${needed} people confirm this document, each signed in: nobody proved who this is`;
  const isSame =
    by.some((name) => name.toLowerCase() === actor.name.toLowerCase()) || people.some((id) => id === actor.personId);
  return isSame ? `${actor.name} has confirmed already: ${needed} different people confirm this document` : undefined;
}
