import { toCode } from '../../deal/codes.js';
import { describePostingPeriod } from '../../deal/posting-period.js';
import type { FoundMasters } from './found.js';

/** A rules file made from what stands in both systems. What needs a choice is a comment: the file can be used as it is. */

type Codes = readonly { readonly code: string; readonly name: string }[];

export function toRulesText(found: FoundMasters, { prefix, company }: { prefix: string; company: string }): string {
  const { codes, setup } = found;
  const others = found.companies.map(({ name }) => name).filter((name) => name !== company);
  return `# Rules of Dealbridge, made by \`dealbridge connect\` from what it found. docs/mapping.md says what else can stand here.
version: 1

# Each document waits for a person. Later: automatic, or { automaticBelow: "5000.00" }.
confirmation: person

# Customers and items that Business Central does not have yet are made from those of Sales. They take their posting groups
# from the templates of page API Setup, and bring their numbers along: page No. Series, Manual Nos. on for both.
# API v2.0 does not show number series; page Sales & Receivables Setup names those of documents.
createCustomers: true
createItems: true

# Accounts for lines without a product, and for freight: page Chart of Accounts, with Direct Posting. Without them such
# deals are held.
# writeInAccount: "8400"
# freightAccount: "8410"

# Columns in Sales that take the result. connect makes them and puts them on the form.
opportunityColumns: { invoiceNumber: ${prefix}_invoicenumber, status: ${prefix}_invoicestatus, total: ${prefix}_invoicetotal }
invoiceColumns: { status: ${prefix}_paymentstatus, remaining: ${prefix}_remainingamount }

# The words of Sales on the left, codes of Business Central on the right.
tables:
${currencyLines(found)}
${unitLines(found)}
${termLines(found)}

# Tax. Lines take it from items, accounts and customers in Business Central; nothing of it comes from Sales.
# tax groups: ${listOf(codes['taxGroups'])}
# tax areas: ${listOf(codes['taxAreas'])}
# Shipment methods: ${listOf(codes['shipmentMethods'])}

# Posting is ${setup ? describePostingPeriod({ from: setup.postingFrom, to: setup.postingTo }) : 'as the company allows it'} (page General Ledger Setup).
# Company '${company}', local currency ${setup?.localCurrency || 'not set'}.${others.length > 0 ? `\n# Further companies, each by a rule under \`companies:\`: ${others.join(', ')}.` : ''}
`;
}

function currencyLines({ sales, codes, setup }: FoundMasters): string {
  const known = new Set([...codesOf(codes['currencies']), toCode(setup?.localCurrency ?? '')]);
  const unknown = sales.currencies.filter((code) => !known.has(toCode(code)));
  const said = unknown.length > 0 ? `not in Business Central: ${unknown.join(', ')}` : 'all are in Business Central';
  return `  # Sales has ${sales.currencies.join(', ') || 'none'}; ${said}. One that is not here goes by its ISO code.
  currencies: {}`;
}

/** A unit whose name is a code needs no line; one that a code begins with is near enough to propose, not to decide. */
function unitLines({ sales, codes }: FoundMasters): string {
  const known = codesOf(codes['unitsOfMeasure']);
  const unknown = sales.units.filter((name) => !known.includes(toCode(name)));
  const lines = unknown.map((name) => {
    const byName = (codes['unitsOfMeasure'] ?? []).find((one) => toCode(one.name) === toCode(name));
    return byName
      ? `    ${quoted(name)}: ${quoted(byName.code)}`
      : `    # ${quoted(name)}: a code of ${listOf(codes['unitsOfMeasure'])}`;
  });
  const has = lines.some((line) => !line.trimStart().startsWith('#'));
  return `  # Units of Sales by name${unknown.length === 0 ? '; all are codes of Business Central already' : ''}.
  units:${has ? '' : ' {}'}${lines.length > 0 ? `\n${lines.join('\n')}` : ''}`;
}

function termLines({ sales, codes }: FoundMasters): string {
  const known = codes['paymentTerms'] ?? [];
  const lines = sales.paymentTerms.map(({ value, label }) => {
    const same = known.find(({ code, name }) => [code, name].some((text) => daysOf(text) === daysOf(label)));
    return same && daysOf(label) !== undefined
      ? `    ${value}: ${quoted(same.code)} # ${label}`
      : `    # ${value}: … # ${label}`;
  });
  const has = lines.some((line) => !line.trimStart().startsWith('#'));
  return `  # Payment terms by their choice in Sales; Business Central has ${listOf(known)}.
  paymentTerms:${has ? '' : ' {}'}${lines.length > 0 ? `\n${lines.join('\n')}` : ''}`;
}

/** «Net 30» and «30D» are the same; a discount makes them others. */
function daysOf(text: string): string | undefined {
  if (/%|\d+[^\d]+\d/.test(text)) return undefined;
  return /(\d+)/.exec(text)?.[1];
}

function codesOf(codes: Codes | undefined): string[] {
  return (codes ?? []).map(({ code }) => toCode(code));
}

function listOf(codes: Codes | undefined): string {
  return (codes ?? []).map(({ code }) => code).join(', ') || 'none';
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
