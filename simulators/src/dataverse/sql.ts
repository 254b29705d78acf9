import {
  checkColumn,
  type FetchAttribute,
  type FetchCondition,
  type FetchFilter,
  type FetchLink,
  type FetchOrder,
  type FetchQuery,
  invalid,
} from './fetch-query.js';
import { SqlCursor, type Word } from './sql-words.js';
import { DataverseError, type Store } from './store.js';
import type { Table } from './tables.js';

/**
 * `?sql=`: one SELECT of the subset that the Web API takes, read as the query it stands for (MicrosoftDocs/powerapps-docs,
 * sdk-python/query; microsoft/PowerPlatform-DataverseClient-Python, examples/advanced/sql_examples.py, which lists what the
 * endpoint takes and what it refuses).
 */
export interface SqlQuery {
  readonly query: FetchQuery;
  readonly links: readonly FetchLink[];
  /** What the rows are shown with, in the order of the SELECT. */
  readonly shown: readonly {
    readonly of: string | undefined;
    readonly table: Table;
    readonly name: string;
    readonly as: string;
  }[];
  readonly offset: number;
  readonly most: number | undefined;
}

const AGGREGATES: Readonly<Record<string, string>> = {
  COUNT: 'countcolumn',
  SUM: 'sum',
  AVG: 'avg',
  MIN: 'min',
  MAX: 'max',
};
const MOST = 5_000;
const OPERATORS: Readonly<Record<string, string>> = {
  '=': 'eq',
  '<>': 'ne',
  '!=': 'ne',
  '>': 'gt',
  '<': 'lt',
  '>=': 'ge',
  '<=': 'le',
};
const TURNED: Readonly<Record<string, string>> = { gt: 'lt', lt: 'gt', ge: 'le', le: 'ge' };

interface Source {
  readonly alias: string;
  readonly table: Table;
  readonly attributes: FetchAttribute[];
  readonly links: FetchLink[];
}

interface Item {
  readonly column: Reference | undefined;
  readonly aggregate: string | undefined;
  readonly distinct: boolean;
  readonly as: string | undefined;
}

interface Reference {
  readonly alias: string | undefined;
  readonly name: string;
}

export function readSql(store: Store, set: Table, text: string): SqlQuery {
  return new Reader(store, set, text).read();
}

class Reader {
  private readonly cursor: SqlCursor;
  private readonly sources: Source[] = [];
  private readonly store: Store;
  private readonly set: Table;

  constructor(store: Store, set: Table, text: string) {
    this.store = store;
    this.set = set;
    this.cursor = new SqlCursor(text);
  }

  read(): SqlQuery {
    const { cursor } = this;
    cursor.expects('SELECT');
    let isDistinct = cursor.takes('DISTINCT');
    const top = cursor.takes('TOP') ? cursor.count() : undefined;
    isDistinct = cursor.takes('DISTINCT') || isDistinct;
    if (top !== undefined && top > MOST) throw invalid(`TOP is at most ${MOST}, ${top} was found.`);
    const items = [this.item()];
    while (cursor.takes(',')) items.push(this.item());
    cursor.expects('FROM');
    const main = this.source();
    if (main.table !== this.set)
      throw invalid(`The table '${main.table.name}' of the query is not '${this.set.name}', which the URL names.`);
    while (this.join());
    const where = cursor.takes('WHERE') ? this.either() : undefined;
    const groups = cursor.takes('GROUP') ? this.groups() : [];
    const isAggregate = groups.length > 0 || items.some(({ aggregate }) => aggregate !== undefined);
    const shown = items.map((item) => this.show(item, groups, isAggregate));
    const orders = cursor.takes('ORDER') ? this.orders(items, isAggregate) : [];
    const offset = cursor.takes('OFFSET') ? this.rows(cursor.count()) : 0;
    let most = top;
    if (cursor.takes('FETCH')) {
      if (!cursor.takes('NEXT')) cursor.expects('FIRST');
      most = this.rows(cursor.count());
      cursor.expects('ONLY');
    }
    cursor.end();
    const { table, attributes, links } = main;
    return {
      query: {
        entity: { table, attributes, hasAll: false, filters: where ? [where] : [], orders, links },
        isAggregate,
        isDistinct,
        top: undefined,
        count: undefined,
        page: 1,
        cookie: undefined,
        wantsTotal: false,
      },
      links: this.sources.slice(1).map(({ alias }) => this.linkNamed(alias)),
      shown,
      offset,
      most,
    };
  }

  private item(): Item {
    const { cursor } = this;
    if (cursor.takes('*')) throw invalid('SELECT * is not supported: name the columns.');
    const word = cursor.name();
    const aggregate = AGGREGATES[word.toUpperCase()];
    if (!cursor.takes('(')) return { column: this.rest(word), aggregate: undefined, distinct: false, as: this.alias() };
    if (!aggregate)
      throw invalid(`The function '${word}' is not supported: ${Object.keys(AGGREGATES).join(', ')} are.`);
    const distinct = cursor.takes('DISTINCT');
    const column = aggregate === 'countcolumn' && cursor.takes('*') ? undefined : this.rest(cursor.name());
    cursor.expects(')');
    return { column, aggregate, distinct, as: this.alias() ?? word.toLowerCase() };
  }

  /** What follows a name that may be an alias. */
  private rest(first: string): Reference {
    return this.cursor.takes('.')
      ? { alias: first, name: this.cursor.name().toLowerCase() }
      : { alias: undefined, name: first.toLowerCase() };
  }

  private alias(): string | undefined {
    return this.cursor.takes('AS') ? this.cursor.name() : undefined;
  }

  private source(): Source {
    const { cursor } = this;
    const name = cursor.name().toLowerCase();
    const table = this.store.schema.find(name);
    if (!table)
      throw new DataverseError(
        400,
        '0x80041102',
        `The entity with a name = '${name}' was not found in the MetadataCache.`,
      );
    const alias = cursor.takes('AS') || cursor.isName() ? cursor.name() : name;
    const source: Source = { alias, table, attributes: [], links: [] };
    this.sources.push(source);
    return source;
  }

  /** One JOIN; the table that stands in it before is the one it hangs on. */
  private join(): boolean {
    const { cursor } = this;
    const isOuter = cursor.takes('LEFT');
    if (isOuter) cursor.takes('OUTER');
    else if (cursor.takes('INNER')) cursor.expects('JOIN');
    else if (!cursor.takes('JOIN')) return false;
    if (isOuter) cursor.expects('JOIN');
    const own = this.source();
    cursor.expects('ON');
    const [left, , right] = [this.rest(cursor.name()), cursor.expects('='), this.rest(cursor.name())];
    const [mine, other] = this.sourceOf(left) === own ? [left, right] : [right, left];
    const parent = this.sourceOf(other);
    if (this.sourceOf(mine) !== own || parent === own)
      throw invalid(
        `The condition of the JOIN with ${own.alias} compares one of its columns with one of a table before it.`,
      );
    parent.links.push({
      table: own.table,
      attributes: own.attributes,
      hasAll: false,
      filters: [],
      orders: [],
      links: own.links,
      alias: own.alias,
      from: mine.name,
      to: other.name,
      type: isOuter ? 'outer' : 'inner',
    });
    return true;
  }

  private linkNamed(alias: string): FetchLink {
    for (const source of this.sources) for (const link of source.links) if (link.alias === alias) return link;
    throw invalid(`No table has the alias '${alias}'.`);
  }

  /** A column without an alias is of the only table that has it. */
  private sourceOf({ alias, name }: Reference): Source {
    const isOf = (source: Source): boolean =>
      alias === undefined
        ? source.table.columns.has(name) || source.table.lookups.has(name) || source.table.id === name
        : source.alias.toLowerCase() === alias.toLowerCase();
    const found = this.sources.filter(isOf);
    if (alias === undefined && found.length > 1) throw invalid(`The column '${name}' is ambiguous.`);
    const [source] = found;
    if (alias !== undefined && !source) throw invalid(`No table has the alias '${alias}'.`);
    const owner = source ?? (this.sources[0] as Source);
    checkColumn(owner.table, name);
    return owner;
  }

  private isMain(source: Source): boolean {
    return source === this.sources[0];
  }

  private show(item: Item, groups: readonly Reference[], isAggregate: boolean): SqlQuery['shown'][number] {
    const main = this.sources[0] as Source;
    const source = item.column ? this.sourceOf(item.column) : main;
    const name = item.column?.name ?? main.table.id;
    const isGrouped = groups.some((group) => this.sourceOf(group) === source && group.name === name);
    if (isAggregate && item.aggregate === undefined && !isGrouped)
      throw invalid(`The column '${name}' is neither in an aggregate nor in GROUP BY.`);
    const as = item.as ?? name;
    source.attributes.push({
      name,
      alias: as,
      aggregate: item.column ? item.aggregate : item.aggregate && 'count',
      groupBy: isAggregate && item.aggregate === undefined,
      dateGrouping: undefined,
      distinct: item.distinct,
    });
    return { of: this.isMain(source) ? undefined : source.alias, table: source.table, name, as };
  }

  private groups(): Reference[] {
    this.cursor.expects('BY');
    const groups = [this.rest(this.cursor.name())];
    while (this.cursor.takes(',')) groups.push(this.rest(this.cursor.name()));
    return groups;
  }

  private orders(items: readonly Item[], isAggregate: boolean): FetchOrder[] {
    const { cursor } = this;
    cursor.expects('BY');
    const orders: FetchOrder[] = [];
    do {
      const reference = this.rest(cursor.name());
      const named = items.find((item) => item.as !== undefined && item.as.toLowerCase() === reference.name);
      const descending = cursor.takes('DESC');
      if (!descending) cursor.takes('ASC');
      if (isAggregate) {
        const shown = named ?? items.find((item) => item.column?.name === reference.name);
        if (!shown) throw invalid(`ORDER BY '${reference.name}' is none of the columns that are selected.`);
        orders.push({ entity: undefined, column: shown.as ?? reference.name, descending });
      } else {
        const column = named?.column ?? reference;
        const source = this.sourceOf(column);
        orders.push({ entity: this.isMain(source) ? undefined : source.alias, column: column.name, descending });
      }
    } while (cursor.takes(','));
    return orders;
  }

  private rows(count: number): number {
    if (!this.cursor.takes('ROWS')) this.cursor.expects('ROW');
    return count;
  }

  private either(): FetchFilter {
    const parts = [this.both()];
    while (this.cursor.takes('OR')) parts.push(this.both());
    return { kind: 'filter', isAny: true, parts };
  }

  private both(): FetchFilter {
    const parts = [this.one()];
    while (this.cursor.takes('AND')) parts.push(this.one());
    return { kind: 'filter', isAny: false, parts };
  }

  private one(): FetchFilter | FetchCondition {
    const { cursor } = this;
    if (cursor.takes('(')) {
      const inner = this.either();
      cursor.expects(')');
      return inner;
    }
    if (cursor.isLiteral()) {
      const value = cursor.literal();
      const operator = this.operator();
      return this.condition(this.rest(cursor.name()), TURNED[operator] ?? operator, [value]);
    }
    const column = this.rest(cursor.name());
    if (cursor.takes('IS')) {
      const isNot = cursor.takes('NOT');
      cursor.expects('NULL');
      return this.condition(column, isNot ? 'not-null' : 'null', []);
    }
    const not = cursor.takes('NOT') ? 'not-' : '';
    if (cursor.takes('LIKE')) return this.condition(column, `${not}like`, [cursor.literal()]);
    if (cursor.takes('BETWEEN')) {
      const from = cursor.literal();
      cursor.expects('AND');
      return this.condition(column, `${not}between`, [from, cursor.literal()]);
    }
    if (cursor.takes('IN')) {
      cursor.expects('(');
      const values = [cursor.literal()];
      while (cursor.takes(',')) values.push(cursor.literal());
      cursor.expects(')');
      return this.condition(column, `${not}in`, values);
    }
    if (not !== '') throw invalid('NOT stands before LIKE, IN or BETWEEN.');
    return this.condition(column, this.operator(), [cursor.literal()]);
  }

  private operator(): string {
    const word: Word = this.cursor.next();
    const operator = OPERATORS[word.text];
    if (!operator) throw invalid(`A comparison is expected, '${word.text}' was found.`);
    return operator;
  }

  private condition(column: Reference, operator: string, values: readonly string[]): FetchCondition {
    const source = this.sourceOf(column);
    return {
      kind: 'condition',
      entity: this.isMain(source) ? undefined : source.alias,
      column: column.name,
      operator,
      values,
      otherColumn: undefined,
    };
  }
}
