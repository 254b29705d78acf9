import { type CompanyCurrency, toIsoCurrency } from './currency.js';
import type { DealLine, DocumentKind, WonDeal } from './deal.js';
import { type ExternalNumberForm, toExternalNumber } from './document-number.js';
import { InternalError } from './errors.js';
import { decideLine, isLeftOut, type LineKind, type LineRules, toUnitCode } from './line-rules.js';
import { bySequence } from './lines-by-sequence.js';
import { add, type Decimal, divide, divideUp, isRounded, isSame, isZero, multiply, round, subtract } from './money.js';
import { toTextLines } from './texts.js';

/** A document as Business Central is asked to make it; the body of the request gives the order of its properties. */
export interface DocumentDraft {
  readonly externalDocumentNumber: string;
  readonly customerId: string;
  readonly currency: CompanyCurrency;
  readonly lines: readonly DocumentLine[];
  /**
   * Applied after the lines exist (reference/business-central 3.7); undefined leaves BC's own invoice discount alone,
   * and the comparison tells what it comes to.
   */
  readonly headerDiscount: Decimal | undefined;
  /** What the mapping adds, by the name of the property. */
  readonly fields?: FieldValues;
  readonly dimensions?: readonly DimensionValue[];
  /** Whether the prices of the deal include tax; only an order can be told so. */
  readonly pricesIncludeTax?: boolean;
}

export interface DocumentLine {
  readonly sequence: number;
  readonly kind: LineKind;
  /** Empty for a comment. */
  readonly number: string;
  readonly unitCode: string | undefined;
  readonly quantity: Decimal;
  readonly unitPrice: Decimal;
  readonly discount: Decimal;
  readonly description: string | undefined;
  /** The line of the deal that it comes from; freight has none. */
  readonly lineId?: string;
  readonly fields?: FieldValues;
  readonly dimensions?: readonly DimensionValue[];
}

/** Values of the mapping for one row, by the name of the property in API v2.0; ids stand where it wants ids. */
export type FieldValues = Readonly<Record<string, string | boolean>>;

export interface DimensionValue {
  readonly code: string;
  readonly value: string;
}

/** What the mapping says about a document, beside what the deal itself says. */
export interface DocumentFields {
  readonly header: FieldValues;
  readonly dimensions: readonly DimensionValue[];
  /** By the id of the line. */
  readonly lines: Readonly<
    Record<string, { readonly fields: FieldValues; readonly dimensions: readonly DimensionValue[] }>
  >;
}

export interface DocumentOptions {
  readonly fields?: DocumentFields | undefined;
  /** Unit codes of the company, when a unit may have to be converted. */
  readonly knownUnits?: ReadonlySet<string> | undefined;
  /** As the company has it; by its ISO code when nobody asked. */
  readonly currency?: CompanyCurrency | undefined;
  /** The form of the External Document No.; readable by default. */
  readonly numberForm?: ExternalNumberForm | undefined;
  /** The one that the deal has for good, where it is known. */
  readonly externalNumber?: string | undefined;
}

/** Fields that not every kind of document has, with those that do (reference/business-central 2.8). */
const OF_SOME: Readonly<Record<string, readonly DocumentKind[]>> = {
  invoiceDate: ['invoice'],
  dueDate: ['invoice', 'quote'],
  customerPurchaseOrderReference: ['invoice'],
  orderDate: ['order'],
  requestedDeliveryDate: ['order'],
  pricesIncludeTax: ['order'],
  partialShipping: ['order'],
  documentDate: ['quote'],
  validUntilDate: ['quote'],
};

/** The same of its lines (reference/business-central 2.9). */
const OF_SOME_LINES: Readonly<Record<string, readonly DocumentKind[]>> = { shipmentDate: ['invoice', 'order'] };

export function hasField(kind: DocumentKind, name: string): boolean {
  return OF_SOME[name]?.includes(kind) ?? true;
}

export function hasLineField(kind: DocumentKind, name: string): boolean {
  return OF_SOME_LINES[name]?.includes(kind) ?? true;
}

const DESCRIPTION_LENGTH = 100; // Text[100], reference/business-central 2.9
const LINE_DISTANCE = 10_000;
/** Decimals of a price that is turned into another unit; BC keeps five. */
const PRICE_DECIMALS = 5;
/** A quantity with more of them is refused (reference/business-central 11.2). */
const QUANTITY_DECIMALS = 5;

/** The mapping, line by line. The deal must be free of problems; a missing rule is a bug by then. */
export function toDocument(
  deal: WonDeal,
  customerId: string,
  rules: LineRules,
  options: DocumentOptions = {},
): DocumentDraft {
  if (!deal.currency) throw new InternalError(`deal ${deal.recordId} has no currency`);
  const { fields } = options;
  const currency = currencyOf(deal, options);
  const headerDiscount = toDiscount(deal, currency);
  return {
    externalDocumentNumber: options.externalNumber ?? toExternalNumber(deal, options.numberForm ?? 'readable'),
    customerId,
    currency,
    lines: toLines(deal, rules, options),
    headerDiscount: isZero(headerDiscount) ? undefined : headerDiscount,
    ...(fields && { fields: fields.header, dimensions: fields.dimensions }),
    ...(pricesIncludeTax(deal, rules) && { pricesIncludeTax: true }),
  };
}

export function toLines(deal: WonDeal, rules: LineRules, options: DocumentOptions = {}): DocumentLine[] {
  const lines = deal.lines
    .filter((line) => !isLeftOut(line, rules))
    .flatMap((line) => withComments(deal, line, rules, options));
  if (!isZero(deal.freight)) lines.push(freightLine(deal, rules));
  return lines;
}

/**
 * Unit codes as a draft was made with them: one that somebody made or took away since then changes no line that is there.
 * @param known those that the company has now
 */
export function unitsOfDraft(
  deal: WonDeal,
  rules: LineRules,
  known: ReadonlySet<string>,
  draft: readonly { readonly sequence: number; readonly quantity: Decimal }[],
): ReadonlySet<string> {
  const units = new Set(known);
  const drafted = bySequence(draft);
  for (const { sequence, unit, unitFactor, quantity } of deal.lines) {
    const found = drafted.get(sequence);
    const code = toUnitCode(unit, rules);
    if (!found || code === undefined || unitFactor === undefined) continue;
    if (isSame(found.quantity, quantity)) units.add(code);
    else if (isSame(found.quantity, toBaseQuantity(quantity, unitFactor))) units.delete(code);
  }
  return units;
}

/** The header discount as the currency can express it. */
export function toDiscount({ headerDiscount }: WonDeal, { decimals }: CompanyCurrency): Decimal {
  return isRounded(headerDiscount, decimals) ? headerDiscount : round(headerDiscount, decimals);
}

function currencyOf(deal: WonDeal, { currency }: DocumentOptions): CompanyCurrency {
  return currency ?? toIsoCurrency(deal.currency ?? '');
}

export function pricesIncludeTax(deal: WonDeal, rules: Pick<LineRules, 'grossPriceLists'>): boolean {
  const lists = rules.grossPriceLists ?? [];
  return lists.some((list) => list === deal.priceListName || list === deal.priceListId);
}

/** The line itself, then what does not fit into it, as comment lines: nothing of a text is lost. */
function withComments(deal: WonDeal, line: DealLine, rules: LineRules, options: DocumentOptions): DocumentLine[] {
  const decision = decideLine(line, rules, deal);
  if (decision.kind === 'refuse' || decision.kind === 'unmapped') {
    throw new InternalError(`line ${line.lineId} of deal ${deal.recordId} is ${decision.kind}`);
  }
  const given = options.fields?.lines[line.lineId];
  const { description: wanted, lineObjectNumber, unitOfMeasureCode, ...fields } = given?.fields ?? {};
  const own = line.product && decision.kind !== 'comment' ? [] : toTextLines(line.description, DESCRIPTION_LENGTH);
  const memo = rules.memos === 'none' ? [] : toTextLines(line.memo ?? '', DESCRIPTION_LENGTH);
  const texts = [...own, ...memo];
  const first = own.length > 0 || decision.kind === 'comment' ? texts[0] : undefined;
  // The mapping may say something else in place of a text, but never of a part of one.
  const isInLine = typeof wanted !== 'string' || own.length === 1 || wanted.startsWith(first ?? wanted);
  const comments = (first !== undefined && isInLine ? texts.slice(1) : texts).map((text, index) =>
    commentLine(line.sequence + index + 1, text, line.lineId),
  );
  const description = typeof wanted === 'string' ? wanted : first;
  if (decision.kind === 'comment') {
    return [commentLine(line.sequence, description ?? '', line.lineId), ...comments];
  }
  const currency = currencyOf(deal, options);
  const measured = measure(line, rules, { knownUnits: options.knownUnits, mapped: unitOfMeasureCode, currency });
  const made: DocumentLine = {
    sequence: line.sequence,
    kind: decision.kind,
    number: typeof lineObjectNumber === 'string' ? lineObjectNumber : decision.number,
    unitCode: measured.unitCode,
    quantity: measured.quantity,
    unitPrice: measured.unitPrice,
    discount: lineDiscount(measured, currency),
    description,
    lineId: line.lineId,
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(given && given.dimensions.length > 0 && { dimensions: given.dimensions }),
  };
  return [made, ...comments];
}

function commentLine(sequence: number, description: string, lineId: string): DocumentLine {
  const nothing = { number: '', unitCode: undefined, quantity: '0', unitPrice: '0', discount: '0' };
  return { sequence, kind: 'comment', ...nothing, description, lineId };
}

interface Measured {
  readonly unitCode: string | undefined;
  readonly quantity: Decimal;
  readonly unitPrice: Decimal;
  readonly discount: Decimal;
}

/** A unit that the mapping names is the one of the quantity that was sold; a line without a product has no other. */
function measure(
  line: DealLine,
  rules: LineRules,
  {
    knownUnits,
    mapped,
    currency,
  }: { knownUnits: ReadonlySet<string> | undefined; mapped: unknown; currency: CompanyCurrency },
): Measured {
  const { quantity, unitPrice, discount } = line;
  if (typeof mapped === 'string') return { unitCode: mapped, quantity, unitPrice, discount };
  const measured = inKnownUnit(line, rules, knownUnits, currency);
  return line.product ? measured : { ...measured, unitCode: undefined };
}

/** A unit that BC lacks becomes the base unit, where a rule allows it: more pieces, each for less, and no other amount. */
function inKnownUnit(
  line: DealLine,
  rules: LineRules,
  known: ReadonlySet<string> | undefined,
  { decimals }: CompanyCurrency,
): Measured {
  const { unitPrice, discount } = line;
  const unitCode = toUnitCode(line.unit, rules);
  const factor = line.unitFactor;
  const isKnown = !known || unitCode === undefined || known.has(unitCode);
  if (isKnown || !rules.convertUnits || factor === undefined || line.baseUnit === undefined) {
    return { unitCode, quantity: line.quantity, unitPrice, discount };
  }
  const quantity = toBaseQuantity(line.quantity, factor);
  const inBase = { unitCode: toUnitCode(line.baseUnit, rules), quantity };
  if (isZero(quantity)) return { ...inBase, unitPrice: divide(unitPrice, factor, PRICE_DECIMALS), discount };
  const amount = multiply(line.quantity, unitPrice);
  const nearest = divide(amount, quantity, PRICE_DECIMALS);
  const isSameAmount = isSame(round(multiply(quantity, nearest), decimals), round(amount, decimals));
  const price = isSameAmount ? nearest : divideUp(amount, quantity, PRICE_DECIMALS);
  // What the decimals of a price leave over, which many pieces make an amount of.
  const rest = subtract(multiply(quantity, price), amount);
  return { ...inBase, unitPrice: price, discount: add(discount, rest) };
}

function toBaseQuantity(quantity: Decimal, factor: Decimal): Decimal {
  return round(multiply(quantity, factor), QUANTITY_DECIMALS);
}

/**
 * BC rounds quantity × price first and takes the discount off; Sales rounds what is left. The discount is what makes
 * both the same, so a volume discount with many decimals moves no cent.
 */
export function lineDiscount(
  line: Pick<DealLine, 'quantity' | 'unitPrice' | 'discount'>,
  { decimals }: CompanyCurrency,
): Decimal {
  if (isZero(line.discount)) return '0';
  const full = multiply(line.quantity, line.unitPrice);
  return subtract(round(full, decimals), round(subtract(full, line.discount), decimals));
}

/** What a line comes to in Business Central, which rounds it before its discount. */
export function toNet(
  { quantity, unitPrice, discount }: Pick<DocumentLine, 'quantity' | 'unitPrice' | 'discount'>,
  { decimals }: CompanyCurrency,
): Decimal {
  return subtract(round(multiply(quantity, unitPrice), decimals), discount);
}

function freightLine(deal: WonDeal, rules: LineRules): DocumentLine {
  if (!rules.freightAccount) throw new InternalError('no account for freight');
  const last = deal.lines.at(-1)?.sequence ?? 0;
  return {
    sequence: last + LINE_DISTANCE,
    kind: 'account',
    number: rules.freightAccount,
    unitCode: undefined,
    quantity: '1',
    unitPrice: deal.freight,
    discount: '0',
    description: 'Freight',
  };
}
