import type { Context } from 'hono';
import { HOLD_OWNERS } from '../../deal/holds.js';
import { WORK_VIEWS, type WorkList } from '../../operations/deals/work-list.js';
import { OWNER_WORDS, toReasonWords, VIEW_WORDS } from './words.js';

/** Which deals the list shows, and in which order; all of it stands in the address, so that it can be sent to somebody. */

const SORT_WORDS = {
  age: 'Waiting longest',
  newest: 'Newest first',
  amount: 'Largest amount',
  number: 'Number',
  customer: 'Customer',
} as const;

export type Query = Readonly<Record<string, string>>;

/** A field of the form that was left empty asks for nothing. */
export function readQuery(c: Context): Query {
  return Object.fromEntries(Object.entries(c.req.query()).filter(([, value]) => value.trim() !== ''));
}

export function toAddress(query: Query, change: Readonly<Record<string, string | undefined>>, path = '/'): string {
  const { cursor: _1, ...rest } = query;
  const entries = Object.entries({ ...rest, ...change }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const text = new URLSearchParams(entries).toString();
  return text === '' ? path : `${path}?${text}`;
}

export function Tabs({ list, query }: { readonly list: WorkList; readonly query: Query }) {
  return (
    <nav class="tabs" aria-label="Lists">
      {WORK_VIEWS.map((view) => (
        <a
          href={toAddress(pick(query, 'search', 'company', 'currency'), {
            view: view === 'waiting' ? undefined : view,
          })}
          {...(view === list.view && { 'aria-current': 'page' })}
        >
          {VIEW_WORDS[view].label} <span class="count">{list.counts[view]}</span>
        </a>
      ))}
    </nav>
  );
}

export function pick(query: Query, ...names: readonly string[]): Query {
  return Object.fromEntries(Object.entries(query).filter(([name]) => names.includes(name)));
}

export const FILTERS = ['reason', 'owner', 'company', 'currency', 'above', 'below', 'assignee'] as const;

export function Filters({ list, query }: { readonly list: WorkList; readonly query: Query }) {
  const mayBeHeld = list.view === 'held' || list.view === 'waiting' || list.view === 'all';
  const isFiltered = FILTERS.some((name) => query[name] !== undefined);
  return (
    <form class="filters" method="get" action="/" data-auto>
      {list.view !== 'waiting' && <input type="hidden" name="view" value={list.view} />}
      <label class="search">
        <span class="visually-hidden">Search by any number or name</span>
        <input
          type="search"
          name="search"
          id="search"
          value={query['search'] ?? ''}
          placeholder="Search by any number or name"
        />
      </label>
      <label>
        <span>Sort</span>
        <select name="sort">
          {Object.entries(SORT_WORDS).map(([sort, words]) => (
            <option value={sort} selected={sort === list.sort}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <details class="more" open={isFiltered}>
        <summary>Filter</summary>
        <div class="fields">
          {mayBeHeld && (
            <label>
              <span>Held because</span>
              <select name="reason">
                <option value="">any reason</option>
                {list.reasons.map(({ reason, deals }) => (
                  <option value={reason} selected={reason === query['reason']}>
                    {toReasonWords(reason)} ({deals})
                  </option>
                ))}
              </select>
            </label>
          )}
          {mayBeHeld && (
            <label>
              <span>Whose move it is</span>
              <select name="owner">
                <option value="">anybody</option>
                {HOLD_OWNERS.map((owner) => (
                  <option value={owner} selected={owner === query['owner']}>
                    {OWNER_WORDS[owner]}
                  </option>
                ))}
              </select>
            </label>
          )}
          <Field name="above" label="Above" value={query['above']} hint="amount" mode="decimal" />
          <Field name="below" label="Below" value={query['below']} hint="amount" mode="decimal" />
          <Field name="currency" label="Currency" value={query['currency']} hint="EUR" />
          <Field name="company" label="Company" value={query['company']} hint="of Business Central" />
          <Field name="assignee" label="Given to" value={query['assignee']} hint="a name, or me" />
          <div class="actions">
            <button type="submit">Apply</button>
            {isFiltered && (
              <a class="button quiet" href={toAddress(pick(query, 'view', 'search', 'sort'), {})}>
                Clear filters
              </a>
            )}
          </div>
        </div>
      </details>
      <noscript>
        <button type="submit">Search</button>
      </noscript>
    </form>
  );
}

function Field(props: {
  readonly name: string;
  readonly label: string;
  readonly value: string | undefined;
  readonly hint: string;
  readonly mode?: 'decimal';
}) {
  const { name, label, value, hint, mode } = props;
  return (
    <label>
      <span>{label}</span>
      <input name={name} value={value ?? ''} placeholder={hint} size={12} {...(mode && { inputmode: mode })} />
    </label>
  );
}
