import { CLOSE, type Definition, OWNER, PLAIN, STANDARD, SYSTEM } from './schema.js';

/**
 * Leads, activities, connections and roles, and what joins them to the tables of Sales (MicrosoftDocs/powerapps-docs and
 * dynamics-365-customer-engagement, entity reference). The names of the relationships follow one pattern, so that they
 * are made here and not typed by hand.
 */

/** Tables that an activity can regard, as they begin the names of its relationships. */
const REGARDED: Readonly<Record<string, string>> = {
  account: 'Account',
  contact: 'Contact',
  lead: 'Lead',
  opportunity: 'Opportunity',
  quote: 'Quote',
  salesorder: 'SalesOrder',
  invoice: 'Invoice',
};

const ACTIVITIES: Readonly<Record<string, string>> = {
  task: 'Tasks',
  email: 'Emails',
  phonecall: 'Phonecalls',
  appointment: 'Appointments',
};

/** What notes hang on. */
const NOTED = [...Object.keys(REGARDED), ...Object.keys(ACTIVITIES), 'product'];
const CONNECTED = [...Object.keys(REGARDED), 'systemuser', 'team'];
/** Who, or what, takes part in an activity, and how its parties are reached (powerapps-docs, entities/activityparty.md). */
const PARTIES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(REGARDED).map((table) => [table, `${table}_activity_parties`])),
  systemuser: 'system_user_activity_parties',
};

const lookup = (column: string, targets: readonly string[], toNav: (target: string) => string): string =>
  `${column}=${targets.map((target) => `${toNav(target)}:${target}`).join(',')}`;

const activity = (name: string): Definition => ({
  name,
  set: `${name}s`,
  id: 'activityid',
  title: 'subject',
  columns: `${CLOSE} activitytypecode:S64-`,
  lookups: `${OWNER} ${lookup('regardingobjectid', Object.keys(REGARDED), (target) => `regardingobjectid_${target}_${name}`)}`,
  collections: `${name}_activity_parties=activityparty.activityid ${name === 'phonecall' ? 'PhoneCall' : capital(name)}_Annotation=annotation.objectid`,
});

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export const RELATED: readonly Definition[] = [
  {
    name: 'lead',
    set: 'leads',
    title: 'fullname',
    columns: `${STANDARD} fullname:S160- estimatedclosedate:D`,
    lookups: `${OWNER} customerid=customerid_account:account,customerid_contact:contact`,
    collections:
      'opportunity_originating_lead=opportunity.originatingleadid account_originating_lead=account.originatingleadid contact_originating_lead=contact.originatingleadid',
  },
  ...Object.keys(ACTIVITIES).map(activity),
  {
    name: 'activityparty',
    set: 'activityparties',
    title: 'addressused',
    columns: PLAIN,
    lookups: [
      lookup('activityid', Object.keys(ACTIVITIES), (target) => `activityid_${target}`),
      lookup('partyid', Object.keys(PARTIES), (target) => `partyid_${target}`),
    ].join(' '),
  },
  {
    name: 'connection',
    set: 'connections',
    title: 'name',
    columns: `${STANDARD} name:S500-`,
    lookups: `${OWNER} ${lookup('record1id', CONNECTED, (target) => `record1id_${target}`)} ${lookup('record2id', CONNECTED, (target) => `record2id_${target}`)}`,
  },
  {
    name: 'annotation',
    set: 'annotations',
    title: 'subject',
    columns: `${PLAIN} subject:S500 notetext:S100000 isdocument:B filename:S255 mimetype:S256 documentbody:S1073741823 filesize:I- objecttypecode:S64-`,
    lookups: `${OWNER} ${lookup('objectid', NOTED, (target) => `objectid_${target}`)}`,
  },
  { name: 'connectionrole', set: 'connectionroles', title: 'name', columns: STANDARD, lookups: SYSTEM },
  {
    name: 'role',
    set: 'roles',
    title: 'name',
    columns: `${PLAIN} name:S100 isinherited:O`,
    lookups: `${SYSTEM} businessunitid=businessunit`,
  },
  {
    name: 'userquery',
    set: 'userqueries',
    title: 'name',
    columns: `${STANDARD} name:S200 description:S2000 returnedtypecode:S100 querytype:I fetchxml:S1073741823 layoutxml:S1073741823`,
    lookups: OWNER,
  },
];

/** Further collections of accounts and contacts; `order_customer_accounts` and its like begin with a name of their own. */
const CUSTOMERS: Readonly<Record<string, string>> = {
  opportunity: 'opportunity',
  quote: 'quote',
  salesorder: 'order',
  invoice: 'invoice',
  lead: 'lead',
};

function customerCollections(table: string): Record<string, { table: string; via: string }> {
  if (table !== 'account' && table !== 'contact') return {};
  const found: Record<string, { table: string; via: string }> = {};
  for (const [name, start] of Object.entries(CUSTOMERS))
    found[`${start}_customer_${table}s`] = { table: name, via: 'customerid' };
  for (const name of ['opportunity', 'lead'])
    found[`${name}_parent_${table}`] = { table: name, via: `parent${table}id` };
  if (table === 'account') return found;
  found['contact_customer_contacts'] = { table: 'contact', via: 'parentcustomerid' };
  found['account_primary_contact'] = { table: 'account', via: 'primarycontactid' };
  return found;
}

/** Collections of the tables that activities, connections and notes point at. */
export function collectionsTo(table: string): Record<string, { table: string; via: string }> {
  const found = customerCollections(table);
  const regarded = REGARDED[table];
  for (const [name, plural] of Object.entries(regarded === undefined ? {} : ACTIVITIES))
    found[`${regarded}_${plural}`] = { table: name, via: 'regardingobjectid' };
  if (regarded !== undefined) found[`${regarded}_Annotation`] = { table: 'annotation', via: 'objectid' };
  const parties = PARTIES[table];
  if (parties !== undefined) found[parties] = { table: 'activityparty', via: 'partyid' };
  if (!CONNECTED.includes(table)) return found;
  for (const side of [1, 2]) found[`${table}_connections${side}`] = { table: 'connection', via: `record${side}id` };
  return found;
}

/** Two tables joined by a third one, which holds a pair of ids in each row. */
export interface ManyToMany {
  readonly name: string;
  readonly intersect: string;
  readonly set: string;
  readonly tables: readonly [string, string];
  /** What the client that made it said of it. */
  readonly given?: Readonly<Record<string, unknown>>;
}

export const MANY_TO_MANY: readonly ManyToMany[] = [
  {
    name: 'systemuserroles_association',
    intersect: 'systemuserroles',
    set: 'systemuserrolescollection',
    tables: ['systemuser', 'role'],
  },
  { name: 'teamroles_association', intersect: 'teamroles', set: 'teamrolescollection', tables: ['team', 'role'] },
  {
    name: 'teammembership_association',
    intersect: 'teammembership',
    set: 'teammemberships',
    tables: ['team', 'systemuser'],
  },
  {
    name: 'accountleads_association',
    intersect: 'accountleads',
    set: 'accountleadscollection',
    tables: ['account', 'lead'],
  },
  {
    name: 'contactleads_association',
    intersect: 'contactleads',
    set: 'contactleadscollection',
    tables: ['contact', 'lead'],
  },
  ...(['quote', 'order', 'invoice'] as const).map(
    (short): ManyToMany => ({
      name: `contact${short}s_association`,
      intersect: `contact${short}s`,
      set: `contact${short}scollection`,
      tables: ['contact', short === 'order' ? 'salesorder' : short],
    }),
  ),
];

export function intersectOf({ intersect, set, tables }: ManyToMany): Definition {
  return {
    name: intersect,
    set,
    id: `${intersect.replace(/s$/, '')}id`,
    title: `${tables[0]}id`,
    columns: `versionnumber:I- ${tables[0]}id:G- ${tables[1]}id:G-`,
    lookups: '',
  };
}
