import { mayBeSecret } from '../../deal/shown-text.js';

/** What a fault of the rules file repeats of it: the message stands in a log. */

/** A misspelled rule looks like one; a line of settings or a password does not. */
export function isName(key: string): boolean {
  return /^[A-Za-z][\w-]{0,39}$/.test(key) && !mayBeSecret(key);
}

/** Whatever may stand below a list or a map; and a text in place of one is no word that is misspelled. */
export function describeValue(value: unknown, right: string): string {
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return JSON.stringify(value);
  if (Array.isArray(value)) return 'a list, which is not shown';
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value);
    return names.every(isName) ? `a map of ${names.join(', ')}` : 'a map, which is not shown';
  }
  if (typeof value !== 'string') return JSON.stringify(value);
  if (mayBeSecret(value) || value.includes('://') || /^an? (array|object|record)$/.test(right))
    return 'a text that is not shown';
  return JSON.stringify(value);
}
