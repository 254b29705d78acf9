/**
 * What a mapping may write into a document besides customer, currency and lines, as it is read again: the terms of its header and of
 * each line. Only what both sides have is compared: kinds of documents have not the same fields, and what was read before a field was
 * is no statement.
 */
export type Terms = Readonly<Record<string, string>>;

interface Term {
  readonly name: string;
  /** How one is told that is another now, where the value is an id or a fingerprint, which tells nobody anything. */
  readonly other?: string;
}

/** What goes with the goods and the money into the books, and stays as it is once it is posted. */
const AGREED: Readonly<Record<string, Term>> = {
  paymentTerms: { name: 'payment terms', other: 'other payment terms' },
  shipmentMethod: { name: 'shipment method', other: 'another shipment method' },
  salesperson: { name: 'salesperson' },
  shipTo: { name: 'ship-to address', other: 'another ship-to address' },
  dimension1: { name: 'global dimension 1' },
  dimension2: { name: 'global dimension 2' },
};

/** What else a header has, whatever its day. */
const ADDRESSED: Readonly<Record<string, Term>> = {
  reference: { name: "customer's reference", other: "another customer's reference" },
  sellTo: { name: 'sell-to address', other: 'another sell-to address' },
  contact: { name: 'phone number or e-mail address', other: 'another phone number or e-mail address' },
  partialShipping: { name: 'partial shipping' },
};

/** Days of the header: what a quote becomes has others. */
const DAYS: Readonly<Record<string, Term>> = {
  documentDate: { name: 'document date' },
  dueDate: { name: 'due date' },
  validUntil: { name: 'last day' },
  requestedDelivery: { name: 'requested delivery' },
};

/** What is delivered, and how it is taxed. */
const GOODS: Readonly<Record<string, Term>> = {
  variant: { name: 'variant', other: 'another variant' },
  taxGroup: { name: 'tax group' },
};

/** Where from, when, and with what second text: whoever delivers changes them. */
const DELIVERY: Readonly<Record<string, Term>> = {
  location: { name: 'location', other: 'another location' },
  shipmentDate: { name: 'shipment date' },
  text2: { name: 'second text', other: 'another second text' },
};

export const TERMS = {
  header: { ...AGREED, ...ADDRESSED },
  days: DAYS,
  agreed: AGREED,
  goods: GOODS,
  line: { ...GOODS, ...DELIVERY },
} as const;

export interface TermChange {
  /** Such as `other payment terms`, where the values say nothing to people. */
  readonly other: string | undefined;
  readonly name: string;
  readonly is: string;
  readonly was: string;
}

/** Those of a group that both have and that are not the same. */
export function findTermChanges(group: keyof typeof TERMS, was: Terms = {}, is: Terms = {}): TermChange[] {
  return Object.entries<Term>(TERMS[group]).flatMap(([key, { name, other }]) => {
    const [before, now] = [was[key], is[key]];
    return before === undefined || now === undefined || before === now ? [] : [{ name, other, is: now, was: before }];
  });
}
