import { collectionsTo, intersectOf, MANY_TO_MANY, type ManyToMany, RELATED } from './relations.js';
import { DEFINITIONS, type Definition, STATES } from './schema.js';
import { STANDARD_CHOICES, STANDARD_COLUMNS, STANDARD_LOOKUPS, STANDARD_STATES } from './standard-columns.js';

/** Tables, columns and navigation, read from the schema. */

export type ColumnType =
  | 'text'
  | 'int'
  | 'choice'
  | 'bool'
  | 'money'
  | 'decimal'
  | 'double'
  | 'datetime'
  | 'date'
  | 'guid';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Characters of a text, places of a decimal. */
  readonly size: number;
  readonly access: 'write' | 'create' | 'read';
  /** What the client that made the column said of it. */
  readonly given?: Given;
}

/** A definition as it was posted. */
export type Given = Readonly<Record<string, unknown>>;

/** A map that counts its changes, so that what is made of it can be kept until the next one. */
export class Versioned<V> extends Map<string, V> {
  version = 0;

  override set(key: string, value: V): this {
    this.version += 1;
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    this.version += 1;
    return super.delete(key);
  }
}

/** Something made of the columns of a table, once for each set of columns that it has. */
export function perColumns<T>(make: (table: Table) => T): (table: Table) => T {
  const kept = new WeakMap<Table, { readonly version: string; readonly made: T }>();
  return (table) => {
    const version = `${table.columns.version}/${table.lookups.version}`;
    const known = kept.get(table);
    if (known?.version === version) return known.made;
    const made = make(table);
    kept.set(table, { version, made });
    return made;
  };
}

/** The other table, and the table between that holds the ids of both. */
export interface Link {
  readonly table: string;
  readonly through: string;
  readonly own: string;
  readonly other: string;
}

export interface Table {
  readonly name: string;
  readonly set: string;
  readonly id: string;
  readonly title: string;
  readonly columns: Versioned<Column>;
  /** Lookup column to its navigation properties, each with its target table. */
  readonly lookups: Versioned<Record<string, string>>;
  readonly readOnlyLookups: ReadonlySet<string>;
  /** Single navigation property to its lookup column and target. */
  readonly navs: Map<string, { readonly column: string; readonly target: string }>;
  /** Collection navigation to the child table and the child's lookup column. */
  readonly collections: Record<string, { readonly table: string; readonly via: string }>;
  /** Collection navigation by which this table and another have many of each other. */
  readonly links: Record<string, Link>;
  /** Labels of the options of choice columns. */
  readonly choices: Map<string, ReadonlyMap<number, string>>;
  readonly hasState: boolean;
  /** Alternate keys by name. */
  readonly keys: Map<string, readonly string[]>;
  changeTracking: boolean;
  /** Columns of somebody's solution, which can be deleted again. */
  readonly custom: Set<string>;
  /** Lookups that a client made, as it said them. */
  readonly givenLookups: Map<string, Given>;
  /** Of a table that a client made, what it said of it. */
  given?: Given;
  /** The rows are pairs of ids of two other tables. */
  isBetween?: boolean;
}

const TYPES: Readonly<Record<string, ColumnType>> = {
  S: 'text',
  I: 'int',
  O: 'choice',
  B: 'bool',
  M: 'money',
  F: 'decimal',
  R: 'double',
  T: 'datetime',
  D: 'date',
  G: 'guid',
};

export function parseColumn(text: string): Column {
  const access = text.endsWith('-') ? 'read' : text.endsWith('+') ? 'create' : 'write';
  const [name = '', type = ''] = (access === 'write' ? text : text.slice(0, -1)).split(':');
  const kind = TYPES[type.charAt(0)];
  if (!kind) throw new TypeError(`column ${text} has no type`);
  return { name, type: kind, size: kind === 'money' ? 4 : Number(type.slice(1) || 0), access };
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
/** Of the sample solution that the simulated organization comes with. */
const SAMPLE_PREFIX = 'bc_';
const UNTRACKED: ReadonlySet<string> = new Set([
  'publisher',
  'solution',
  'solutioncomponent',
  'systemform',
  'savedquery',
  'systemuser',
  'organization',
  'sdkmessage',
  'sdkmessagefilter',
  'asyncoperation',
  'businessunit',
  'team',
]);

/** `column=value:label|value:label;column=…` */
function parseChoices(text: string): Map<string, Map<number, string>> {
  const choices = new Map<string, Map<number, string>>();
  for (const part of text.split(';')) {
    const [column = '', options = ''] = part.split('=');
    if (column === '') continue;
    const pairs = options.split('|').map((option) => option.split(':'));
    choices.set(column, new Map(pairs.map(([value = '', label = '']) => [Number(value), label])));
  }
  return choices;
}

export function toTable(definition: Definition): Table {
  const lookups = new Versioned<Record<string, string>>();
  const navs = new Map<string, { column: string; target: string }>();
  const readOnlyLookups = new Set<string>();
  const own = new Map(words(definition.columns).map((text) => [text.split(':')[0] as string, parseColumn(text)]));
  const standard = words(STANDARD_LOOKUPS[definition.name] ?? '').filter((word) => {
    const name = word.split('=')[0] as string;
    return !own.has(name) && !words(definition.lookups).some((other) => other.startsWith(`${name}=`));
  });
  for (const word of [...words(definition.lookups), ...standard]) {
    const [column = '', targets = ''] = word.replace(/-$/, '').split('=');
    const byNav: Record<string, string> = {};
    for (const target of targets.split(',')) {
      const [nav = '', table = nav] = target.includes(':') ? target.split(':') : [column, target];
      byNav[nav] = table;
      navs.set(nav, { column, target: table });
    }
    lookups.set(column, byNav);
    if (word.endsWith('-')) readOnlyLookups.add(column);
  }
  const collections: Record<string, { table: string; via: string }> = collectionsTo(definition.name);
  for (const word of words(definition.collections ?? '')) {
    const [nav = '', target = ''] = word.split('=');
    const [table = '', via = ''] = target.split('.');
    collections[nav] = { table, via };
  }
  const columns = new Versioned(own);
  // What the hand-written definition says of a column goes before the model.
  for (const text of words(STANDARD_COLUMNS[definition.name] ?? '')) {
    const name = text.split(':')[0] as string;
    if (!columns.has(name) && !lookups.has(name)) columns.set(name, parseColumn(text));
  }
  return {
    name: definition.name,
    set: definition.set,
    id: definition.id ?? `${definition.name}id`,
    title: definition.title,
    columns,
    lookups,
    readOnlyLookups,
    navs,
    collections,
    links: {},
    choices: parseChoices(STANDARD_CHOICES[definition.name] ?? ''),
    hasState: columns.has('statecode'),
    keys: new Map(),
    changeTracking: !UNTRACKED.has(definition.name),
    custom: new Set([...columns.keys()].filter((name) => name.startsWith(SAMPLE_PREFIX))),
    givenLookups: new Map(),
  };
}

/** What the deletion of a row does to a row that refers to it (CascadeConfiguration of the relationship). */
export type DeleteBehavior = 'Cascade' | 'Restrict' | 'RemoveLink' | 'NoCascade';

/** The tables of one environment; tables, columns, relationships and keys can be added to them. */
export class Schema {
  readonly manyToMany: ManyToMany[] = [];
  /** What a deletion does along relationships that a client made, by `table.column`. */
  readonly cascades = new Map<string, DeleteBehavior>();
  private readonly byName = new Map<string, Table>();
  private readonly bySet = new Map<string, Table>();

  constructor() {
    for (const definition of [...DEFINITIONS, ...RELATED]) this.add(toTable(definition));
    for (const relationship of MANY_TO_MANY) this.relate(relationship);
    this.table('account').keys.set('bc_customernumber_key', ['bc_customernumber']);
    this.table('product').keys.set('bc_itemnumber_key', ['bc_itemnumber']);
    this.table('invoice').keys.set('bc_postedinvoicenumber_key', ['bc_postedinvoicenumber']);
  }

  /** As a new organization is: nobody has added a column, and nothing is tracked. */
  strip(): void {
    for (const table of this.tables) {
      table.changeTracking = false;
      for (const name of table.custom) table.columns.delete(name);
      table.custom.clear();
      table.keys.clear();
    }
  }

  get tables(): readonly Table[] {
    return [...this.byName.values()];
  }

  add(table: Table): void {
    this.byName.set(table.name, table);
    this.bySet.set(table.set, table);
  }

  drop({ name, set }: Table): void {
    this.byName.delete(name);
    this.bySet.delete(set);
  }

  /** @returns the table between the two, which holds a pair of ids in each row. */
  relate(relationship: ManyToMany): Table {
    const { name, intersect, tables } = relationship;
    const between: Table = { ...toTable(intersectOf(relationship)), isBetween: true };
    this.add(between);
    this.manyToMany.push(relationship);
    const [first, second] = tables;
    const link = (own: string, other: string): Link => ({
      table: other,
      through: intersect,
      own: `${own}id`,
      other: `${other}id`,
    });
    this.table(first).links[name] = link(first, second);
    this.table(second).links[name] = link(second, first);
    return between;
  }

  table(name: string): Table {
    const table = this.byName.get(name);
    if (!table) throw new TypeError(`no table ${name}`);
    return table;
  }

  find(name: string): Table | undefined {
    return this.byName.get(name);
  }

  findSet(set: string): Table | undefined {
    return this.bySet.get(set);
  }
}

/** Header tables and where their lines are. */
export const LINES: Readonly<Record<string, { readonly table: string; readonly via: string }>> = {
  opportunity: { table: 'opportunityproduct', via: 'opportunityid' },
  quote: { table: 'quotedetail', via: 'quoteid' },
  salesorder: { table: 'salesorderdetail', via: 'salesorderid' },
  invoice: { table: 'invoicedetail', via: 'invoiceid' },
};

export const HEADER_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(LINES).map(([header, { table }]) => [table, header]),
);

type States = (typeof STATES)[string];

/** `Open=2:Not Started|3:In Progress;Completed=5:Completed`: the first status is the one that comes with its state. */
function parseStates(text: string): States {
  return text.split(';').map((part) => {
    const [label = '', statuses = ''] = part.split('=');
    const pairs = statuses.split('|').map((one) => one.split(':'));
    return [label, Object.fromEntries(pairs), Number(pairs[0]?.[0])];
  });
}

const STATES_OF: Readonly<Record<string, States>> = {
  ...Object.fromEntries(Object.entries(STANDARD_STATES).map(([table, text]) => [table, parseStates(text)])),
  ...STATES,
};

export function statesOf(table: string): NonNullable<States> {
  const found = STATES_OF[table] ?? (table.endsWith('close') ? STATES['close'] : STATES['other']);
  return found ?? [];
}
