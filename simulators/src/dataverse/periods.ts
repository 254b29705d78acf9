/** The periods that query functions name, in UTC: `LastXDays`, `ThisMonth`, `Today` and their kin. */

const DAY = 86_400_000;

export interface Period {
  readonly from: number;
  readonly to: number;
}

export function periodOf(name: string, count: number, now: number): Period | undefined {
  const today = now - (now % DAY);
  const at = new Date(now);
  const month = (by: number): number => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + by, 1);
  const year = (by: number): number => Date.UTC(at.getUTCFullYear() + by, 0, 1);
  const week = today - at.getUTCDay() * DAY;
  switch (name) {
    case 'Today':
      return { from: today, to: today + DAY };
    case 'Yesterday':
      return { from: today - DAY, to: today };
    case 'Tomorrow':
      return { from: today + DAY, to: today + 2 * DAY };
    case 'Last7Days':
      return { from: today - 7 * DAY, to: now };
    case 'Next7Days':
      return { from: now, to: today + 8 * DAY };
    case 'ThisWeek':
      return { from: week, to: week + 7 * DAY };
    case 'LastWeek':
      return { from: week - 7 * DAY, to: week };
    case 'ThisMonth':
      return { from: month(0), to: month(1) };
    case 'LastMonth':
      return { from: month(-1), to: month(0) };
    case 'NextMonth':
      return { from: month(1), to: month(2) };
    case 'ThisYear':
      return { from: year(0), to: year(1) };
    case 'LastYear':
      return { from: year(-1), to: year(0) };
    case 'LastXHours':
      return { from: now - count * 3_600_000, to: now };
    case 'NextXHours':
      return { from: now, to: now + count * 3_600_000 };
    case 'LastXDays':
      return { from: today - count * DAY, to: now };
    case 'NextXDays':
      return { from: now, to: today + (count + 1) * DAY };
    case 'LastXWeeks':
      return { from: today - count * 7 * DAY, to: now };
    case 'LastXMonths':
      return { from: month(-count), to: now };
    case 'LastXYears':
      return { from: year(-count), to: now };
    case 'OlderThanXDays':
      return { from: Number.NEGATIVE_INFINITY, to: today - count * DAY };
    default:
      return undefined;
  }
}
