// Writes simulators/src/dataverse/standard-columns.ts from the Common Data Model, so that nobody types columns by hand:
//   node scripts/dataverse-columns.mjs <folder with microsoft/CDM's *.cdm.json>
// The files lie below schemaDocuments/core/applicationCommon there, with '/' in their names as '_', and
// wellKnownCDSAttributeGroups.cdm.json, one folder above, beside them.
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
  quoteclose: ['foundationCommon_crmCommon_sales_QuoteClose'],
  lead: ['foundationCommon_crmCommon_Lead'],
  task: ['Task'],
  email: ['Email', 'foundationCommon_crmCommon_Email'],
  phonecall: ['PhoneCall', 'foundationCommon_crmCommon_PhoneCall'],
  appointment: ['Appointment', 'foundationCommon_crmCommon_Appointment'],
  activityparty: ['ActivityParty'],
  annotation: ['Note'],
  connection: ['Connection'],
  connectionrole: ['ConnectionRole'],
  systemuser: ['User'],
  team: ['Team'],
  territory: ['Territory'],
  businessunit: ['BusinessUnit'],
};

/** The tables that lookups point at; a lookup to a table that is not served is left out. */
const TARGETS = {
  Account: 'account',
  BusinessUnit: 'businessunit',
  Connection: 'connection',
  ConnectionRole: 'connectionrole',
  Contact: 'contact',
  Currency: 'transactioncurrency',
  Invoice: 'invoice',
  InvoiceProduct: 'invoicedetail',
  Email: 'email',
  Lead: 'lead',
  Opportunity: 'opportunity',
  OpportunityProduct: 'opportunityproduct',
  Order: 'salesorder',
  OrderProduct: 'salesorderdetail',
  PriceList: 'pricelevel',
  Product: 'product',
  Quote: 'quote',
  QuoteProduct: 'quotedetail',
  Team: 'team',
  Territory: 'territory',
  Unit: 'uom',
  UnitGroup: 'uomschedule',
  User: 'systemuser',
};

const LETTERS = {
  boolean: 'B',
  integer: 'I',
  bigInteger: 'I',
  minutes: 'I',
  timezone: 'I',
  double: 'R',
  latitude: 'R',
  longitude: 'R',
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
const SKIPPED = new Set(['addressid', 'statecode', 'statuscode', 'organizationid', 'regardingobjectid', 'objectid']);
/** Parties of an activity are rows of their own, and what names the table of a lookup is an annotation. */
const UNSEEN = new Set(['partylist', 'entityName']);

const [folder] = process.argv.slice(2);
if (!folder) {
  process.stderr.write('The folder with the *.cdm.json files is missing.\n');
  process.exit(2);
}

const read = (file) => JSON.parse(readFileSync(join(folder, `${file}.cdm.json`), 'utf8')).definitions;
const GROUPS = new Map(
  read('wellKnownCDSAttributeGroups').map(({ attributeGroupName, members }) => [attributeGroupName, members]),
);
/** What every activity has. */
const INHERITED = { ActivityCommon: ['activityCommon', 'cdsTimeZoneInfo'] };

function* membersOf(attributes) {
  for (const one of attributes) {
    const group = one.attributeGroupReference;
    if (group?.members) yield* membersOf(group.members);
    else if (GROUPS.has(one)) yield* membersOf(GROUPS.get(one));
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
  if (!name || !type || purpose === 'identifiedBy' || type === 'entityId' || isName || UNSEEN.has(type))
    return undefined;
  const letter = LETTERS[type] ?? 'S';
  const length = maximumLength ?? (name === 'description' ? 2_000 : 100);
  const size = letter === 'S' ? length : letter === 'F' ? (name === 'exchangerate' ? 10 : 2) : '';
  return [name, `${letter}${size}${COMPUTED.test(name) ? '-' : ''}`];
}

/** `[value, text, state]` each, the state for status codes only. */
function choicesOf({ dataType }) {
  for (const trait of dataType?.appliedTraits ?? []) {
    const values = trait.arguments?.[0]?.entityReference?.constantValues;
    if (Array.isArray(values))
      return values.filter(([language]) => language === 'en').map(([, text, value, , state]) => [value, text, state]);
  }
  return [];
}

const clean = (text) => text.replace(/[:;|=\n]/g, ' ').trim();
const quoted = (text) => (text.includes("'") ? `"${text}"` : `'${text}'`);
const sections = { COLUMNS: [], LOOKUPS: [], CHOICES: [], STATES: [] };
/** Tables whose states schema.ts does not tell. */
const STATED = new Set(['lead', 'task', 'email', 'phonecall', 'appointment']);

/** `Open=2:Not Started|3:In Progress;Completed=5:Completed`, the status that comes with a state first. */
function statesOf(states, statuses) {
  return states
    .map(([state, title]) => {
      const own = statuses.filter(([, , of]) => of === state);
      return `${clean(title)}=${own.map(([value, text]) => `${value}:${clean(text)}`).join('|')}`;
    })
    .join(';');
}

for (const [table, files] of Object.entries(TABLES)) {
  const columns = new Map();
  const lookups = new Map();
  const choices = new Map();
  const states = {};
  for (const file of files) {
    for (const entity of read(file).filter(({ hasAttributes }) => hasAttributes)) {
      for (const attribute of membersOf([...(INHERITED[entity.extendsEntity] ?? []), ...entity.hasAttributes])) {
        if (attribute.sourceName === 'statecode' || attribute.sourceName === 'statuscode')
          states[attribute.sourceName] = choicesOf(attribute);
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
  if (STATED.has(table)) sections.STATES.push(`  ${table}: ${quoted(statesOf(states.statecode, states.statuscode))},`);
}

const NOTES = {
  COLUMNS: 'Columns by table, in the notation of schema.ts.',
  LOOKUPS: 'Lookups by table, in the notation of schema.ts; only those to tables that are served.',
  CHOICES: 'Options of choice columns by table: `column=value:label|…;…`.',
  STATES: 'States of activities and leads: `state=status:label|…;…`, in the order of their numbers.',
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
