import { orderOf } from '../odata/filter.js';
import { type FetchCondition, invalid } from './fetch-query.js';
import { periodOf } from './periods.js';
import type { Store, Value } from './store.js';

/** The operators of a FetchXML condition (MicrosoftDocs/powerapps-docs, fetchxml/reference/operators.md). */
export function holds(store: Store, condition: FetchCondition, value: Value, other: Value | undefined): boolean {
  const { operator } = condition;
  const values = other === undefined ? condition.values : other === null ? [] : [String(other)];
  const [first, second] = values;
  switch (operator) {
    case 'null':
      return value === null;
    case 'not-null':
      return value !== null;
    case 'eq-userid':
      return value === store.callerId;
    case 'ne-userid':
      return value !== store.callerId;
    case 'ne':
    case 'neq':
      return value === null || first === undefined || !isSame(value, first);
    case 'not-in':
      return value === null || !values.some((one) => isSame(value, one));
    case 'not-like':
      return value === null || !isLike(value, first ?? '');
    case 'not-begin-with':
      return value === null || !isLike(value, `${first ?? ''}%`);
    case 'not-end-with':
      return value === null || !isLike(value, `%${first ?? ''}`);
  }
  if (value === null) return false;
  switch (operator) {
    case 'eq':
      return first !== undefined && isSame(value, first);
    case 'gt':
      return order(value, first) > 0;
    case 'ge':
      return order(value, first) >= 0;
    case 'lt':
      return order(value, first) < 0;
    case 'le':
      return order(value, first) <= 0;
    case 'in':
      return values.some((one) => isSame(value, one));
    case 'between':
      return order(value, first) >= 0 && order(value, second) <= 0;
    case 'not-between':
      return order(value, first) < 0 || order(value, second) > 0;
    case 'like':
      return isLike(value, first ?? '');
    case 'begins-with':
      return isLike(value, `${first ?? ''}%`);
    case 'ends-with':
      return isLike(value, `%${first ?? ''}`);
    case 'on':
      return day(value) === day(first);
    case 'not-on':
      return day(value) !== day(first);
    case 'on-or-after':
      return day(value) >= day(first);
    case 'on-or-before':
      return day(value) <= day(first);
  }
  const name = operator.replace(/(?:^|-)([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
  const period = periodOf(name.replace('Seven', '7'), Number(first ?? 0), store.clock.now());
  if (!period) throw invalid(`The condition operator '${operator}' is not supported.`);
  const at = Date.parse(String(value));
  return at >= period.from && at < period.to;
}

const flags: Readonly<Record<string, boolean>> = { '1': true, true: true, '0': false, false: false };

function isSame(value: Exclude<Value, null>, text: string): boolean {
  if (typeof value === 'boolean') return flags[text.toLowerCase()] === value;
  return orderOf(value, bare(text), false) === 0;
}

function order(value: Exclude<Value, null>, text: string | undefined): number {
  return text === undefined ? Number.NaN : orderOf(value, bare(text), false);
}

/** GUIDs may stand in braces. */
const bare = (text: string): string => /^\{(.*)\}$/.exec(text)?.[1] ?? text;

const day = (value: Value | undefined): string => String(value ?? '').slice(0, 10);

/** `%` is any text, `_` any character; cases do not matter. */
function isLike(value: Exclude<Value, null>, pattern: string): boolean {
  const escaped = pattern
    .replace(/[.+?^${}()|[\]\\*]/g, '\\$&')
    .replaceAll('%', '[\\s\\S]*')
    .replaceAll('_', '[\\s\\S]');
  return new RegExp(`^${escaped}$`, 'i').test(String(value));
}
