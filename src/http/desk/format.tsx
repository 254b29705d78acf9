/** Amounts and times as the reader writes them. Times are in UTC until the page's script puts the reader's own in their place. */

export interface Format {
  /** `1.234,50 €` for whoever reads German; two decimals at least, more where the amount has them. */
  money(amount: string | undefined, currency: string | undefined): string;
  number(value: string): string;
  time(at: Date): string;
  /** A date without a time, such as a due date. */
  day(date: string): string;
  /** How long ago, in words. */
  age(since: Date, now: Date): string;
}

const FALLBACK = 'en-GB';
const MAX_DECIMALS = 5;

/** @param acceptLanguage the header of the request; what nobody can format is left out */
export function createFormat(acceptLanguage: string | undefined): Format {
  const locale = findLocale(acceptLanguage);
  const times = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
  const days = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  // Made once: a page of many lines formats thousands of amounts.
  const decimals = new Intl.NumberFormat(locale, { maximumFractionDigits: MAX_DECIMALS });
  const amounts = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: MAX_DECIMALS });
  return {
    money(amount, currency) {
      if (amount === undefined) return '–';
      const text = amounts.format(toExact(amount));
      // The code and not a sign: `$` may be five currencies.
      return currency === undefined ? text : `${text} ${currency}`;
    },
    number: (value) => decimals.format(toExact(value)),
    time: (at) => `${times.format(at)} UTC`,
    day: (date) => days.format(new Date(`${date}T00:00:00Z`)),
    age: toAge,
  };
}

/** Intl takes a decimal as text as it is, so that no amount goes through a float. */
function toExact(amount: string): Intl.StringNumericLiteral {
  return amount as Intl.StringNumericLiteral;
}

function findLocale(header: string | undefined): string {
  const wanted = (header ?? '')
    .split(',')
    .map((part) => part.split(';')[0]?.trim() ?? '')
    .filter((tag) => /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag));
  return Intl.NumberFormat.supportedLocalesOf(wanted)[0] ?? FALLBACK;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

function toAge(since: Date, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - since.getTime()) / 1_000);
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return 'less than a minute';
}

export function Time({ at, format }: { readonly at: Date; readonly format: Format }) {
  return <time datetime={at.toISOString()}>{format.time(at)}</time>;
}
