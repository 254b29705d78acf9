// Writes simulators/src/dataverse/standard-columns.ts from the Common Data Model, so that nobody types columns by hand:
//   node scripts/dataverse-columns.mjs <folder with microsoft/CDM's *.cdm.json of accounts, sales and products>
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './lib/run.mjs';

/** Files to tables; a table that several describe has the columns of all. */
const TABLES = {
  account: ['Account', 'foundationCommon_Account', 'foundationCommon_crmCommon_Account'],
  contact: ['Contact', 'foundationCommon_Contact', 'foundationCommon_crmCommon_Contact'],
  transactioncurrency: ['Currency'],
  pricelevel: ['foundationCommon_PriceList'],
  product: ['foundationCommon_Product'],
  uom: ['foundationCommon_Unit'],
  uomschedule: ['foundationCommon_UnitGroup'],
  invoice: ['foundationCommon_crmCommon_sales_Invoice'],
  invoicedetail: ['foundationCommon_crmCommon_sales_InvoiceProduct'],
  opportunity: ['foundationCommon_crmCommon_sales_Opportunity'],
  opportunityclose: ['foundationCommon_crmCommon_sales_OpportunityClose'],
  opportunityproduct: ['foundationCommon_crmCommon_sales_OpportunityProduct'],
  salesorder: ['foundationCommon_crmCommon_sales_Order'],
  orderclose: ['foundationCommon_crmCommon_sales_OrderClose'],
  salesorderdetail: ['foundationCommon_crmCommon_sales_OrderProduct'],
  productpricelevel: ['foundationCommon_crmCommon_sales_PriceListItem'],
  quote: ['foundationCommon_crmCommon_sales_Quote'],
  quotedetail: ['foundationCommon_crmCommon_sales_QuoteProduct'],
};

/** The tables that lookups point at; a lookup to a table that is not served is left out. */
const TARGETS = {
  Account: 'account',
  Contact: 'contact',
  Currency: 'transactioncurrency',
  Invoice: 'invoice',
  InvoiceProduct: 'invoicedetail',
  Opportunity: 'opportunity',
  OpportunityProduct: 'opportunityproduct',
  Order: 'salesorder',
  OrderProduct: 'salesorderdetail',
  PriceList: 'pricelevel',
  Product: 'product',
  Quote: 'quote',
  QuoteProduct: 'quotedetail',
  Territory: 'territory',
  Unit: 'uom',
  UnitGroup: 'uomschedule',
  User: 'systemuser',
};

const LETTERS = {
  boolean: 'B',
  integer: 'I',
  bigInteger: 'I',
  dateTime: 'T',
  date: 'D',
  currency: 'M',
  baseCurrency: 'M',
  decimal: 'F',
  listLookup: 'O',
  listLookupCorrelated: 'O',
  guid: 'G',
};
/** Only the platform writes them; the model does not say so. */
const COMPUTED = /_base$|^(?:exchangerate|traversedpath|onholdtime|timespentbymeonemailandmeetings|entityimage_\w+)$/;

/** Kept elsewhere, or named otherwise in the Web API. */
const SKIPPED = new Set(['addressid', 'statecode', 'statuscode', 'organizationid']);

const [folder] = process.argv.slice(2);
if (!folder) {
  process.stderr.write('The folder with the *.cdm.json files is missing.\n');
  process.exit(2);
}

function* membersOf(attributes) {
  for (const one of attributes) {
    const group = one.attributeGroupReference;
    if (group?.members) yield* membersOf(group.members);
    else if (typeof one === 'object') yield one;
  }
}

function lookupOf(attribute) {
  const { foreignKeyAttribute: key } = attribute.resolutionGuidance?.entityByReference ?? {};
  const { entity } = attribute;
  const target = TARGETS[typeof entity === 'string' ? entity : entity.entityReference];
  if (!key?.sourceName || !target) return undefined;
  return [
    key.sourceName,
    /^(?:created|modified)(?:onbehalf)?by$|^masterid$/.test(key.sourceName) ? `${target}-` : target,
  ];
}

function typeOf({ dataType }) {
  return typeof dataType === 'string' ? dataType : dataType?.dataTypeReference;
}

function columnOf(attribute) {
  const { sourceName: name, maximumLength, purpose } = attribute;
  const type = typeOf(attribute);
  // Names of linked rows are annotations in the Web API, keys stand for themselves.
  const isName = JSON.stringify(attribute.appliedTraits ?? []).includes('is.linkedEntity.name');
  if (!name || !type || purpose === 'identifiedBy' || type === 'entityId' || isName) return undefined;
  const letter = LETTERS[type] ?? 'S';
  const length = maximumLength ?? (name === 'description' ? 2_000 : 100);
  const size = letter === 'S' ? length : letter === 'F' ? (name === 'exchangerate' ? 10 : 2) : '';
  return [name, `${letter}${size}${COMPUTED.test(name) ? '-' : ''}`];
}

/** `[language, text, value, order]` each. */
function choicesOf({ dataType }) {
  for (const trait of dataType?.appliedTraits ?? []) {
    const values = trait.arguments?.[0]?.entityReference?.constantValues;
    if (Array.isArray(values))
      return values.filter(([language]) => language === 'en').map(([, text, value]) => [value, text]);
  }
  return [];
}

const clean = (text) => text.replace(/[:;|=\n]/g, ' ').trim();
const quoted = (text) => (text.includes("'") ? `"${text}"` : `'${text}'`);
const sections = { COLUMNS: [], LOOKUPS: [], CHOICES: [] };
for (const [table, files] of Object.entries(TABLES)) {
  const columns = new Map();
  const lookups = new Map();
  const choices = new Map();
  for (const file of files) {
    const { definitions } = JSON.parse(readFileSync(join(folder, `${file}.cdm.json`), 'utf8'));
    for (const entity of definitions.filter(({ hasAttributes }) => hasAttributes)) {
      for (const attribute of membersOf(entity.hasAttributes)) {
        const [name, value] = (attribute.entity ? lookupOf(attribute) : columnOf(attribute)) ?? [];
        if (!name || SKIPPED.has(name)) continue;
        (attribute.entity ? lookups : columns).set(name, value);
        const options = attribute.entity ? [] : choicesOf(attribute);
        if (options.length > 0) choices.set(name, options);
      }
    }
  }
  const line = (entries, toText, between) => `  ${table}: ${quoted([...entries].map(toText).join(between))},`;
  if (columns.size > 0) sections.COLUMNS.push(line(columns, ([name, type]) => `${name}:${type}`, ' '));
  if (lookups.size > 0) sections.LOOKUPS.push(line(lookups, ([name, target]) => `${name}=${target}`, ' '));
  if (choices.size > 0) {
    const toText = ([name, options]) =>
      `${name}=${options.map(([value, text]) => `${value}:${clean(text)}`).join('|')}`;
    sections.CHOICES.push(line(choices, toText, ';'));
  }
}

const NOTES = {
  COLUMNS: 'Columns by table, in the notation of schema.ts.',
  LOOKUPS: 'Lookups by table, in the notation of schema.ts; only those to tables that are served.',
  CHOICES: 'Options of choice columns by table: `column=value:label|…;…`.',
};
const text = Object.entries(sections)
  .map(
    ([name, lines]) =>
      `/** ${NOTES[name]} */\nexport const STANDARD_${name}: Readonly<Record<string, string>> = {\n${lines.join('\n')}\n};\n`,
  )
  .join('\n');
const head =
  '// Written by scripts/dataverse-columns.mjs from microsoft/CDM (schemaDocuments, CC-BY-4.0): do not edit by hand.\n\n';
const path = 'simulators/src/dataverse/standard-columns.ts';
writeFileSync(join(ROOT, path), head + text);
execFileSync('npx', ['biome', 'format', '--write', path], { cwd: ROOT });
