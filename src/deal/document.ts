import type { DealLine, WonDeal } from './deal.js';
import { documentKey } from './ids.js';
import { type Decimal, isZero } from './money.js';
import type { LineRules } from './problems.js';

/** A document as Business Central is asked to make it; properties stand in the order that BC needs. */
export interface DocumentDraft {
  readonly externalDocumentNumber: string;
  readonly customerId: string;
  readonly currencyCode: string;
  readonly lines: readonly DocumentLine[];
  /** Applied after the lines exist (reference 3.7); undefined leaves BC's own invoice discount alone. */
  readonly headerDiscount: Decimal | undefined;
}

export interface DocumentLine {
  readonly sequence: number;
  readonly kind: 'item' | 'account';
  readonly number: string;
  readonly unitCode: string | undefined;
  readonly quantity: Decimal;
  readonly unitPrice: Decimal;
  readonly discount: Decimal;
  readonly description: string | undefined;
}

const DESCRIPTION_LENGTH = 100; // Text[100], business-central reference 2.9

/** The mapping, line by line. The deal must be free of problems; a missing rule is a bug by then. */
export function toDocument(deal: WonDeal, customerId: string, rules: LineRules): DocumentDraft {
  if (!deal.currency) throw new TypeError(`deal ${deal.recordId} has no currency`);
  const lines = deal.lines.map((line) => toLine(line, rules));
  if (!isZero(deal.freight)) lines.push(freightLine(deal, rules));
  return {
    externalDocumentNumber: documentKey(deal.recordId),
    customerId,
    currencyCode: deal.currency,
    lines,
    headerDiscount: isZero(deal.headerDiscount) ? undefined : deal.headerDiscount,
  };
}

export function toUnitCode(unit: string | undefined, rules: LineRules): string | undefined {
  if (unit === undefined) return undefined;
  const name = unit.trim().toUpperCase();
  return rules.units[name] ?? name;
}

function toLine(line: DealLine, rules: LineRules): DocumentLine {
  const common = {
    sequence: line.sequence,
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    discount: line.discount,
  };
  if (line.product) {
    return {
      ...common,
      kind: 'item',
      number: line.product.number,
      unitCode: toUnitCode(line.unit, rules),
      description: undefined,
    };
  }
  if (!rules.writeInAccount) throw new TypeError('no account for write-in lines');
  const description = line.description.slice(0, DESCRIPTION_LENGTH);
  return { ...common, kind: 'account', number: rules.writeInAccount, unitCode: undefined, description };
}

function freightLine(deal: WonDeal, rules: LineRules): DocumentLine {
  if (!rules.freightAccount) throw new TypeError('no account for freight');
  const last = deal.lines.at(-1)?.sequence ?? 0;
  return {
    sequence: last + 10_000,
    kind: 'account',
    number: rules.freightAccount,
    unitCode: undefined,
    quantity: '1',
    unitPrice: deal.freight,
    discount: '0',
    description: 'Freight',
  };
}
