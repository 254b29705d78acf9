/** Quiet hours and the day of a digest, by the clock on the wall of whoever receives. */

export interface QuietHours {
  /** `20:00`; later than `to` when the night lies in between. */
  readonly from: string;
  readonly to: string;
  /** Saturdays and Sundays as a whole. */
  readonly weekends: boolean;
}

export interface LocalTime {
  /** `2026-03-31`. */
  readonly day: string;
  /** `09:05`; times of a day compare as texts. */
  readonly time: string;
  readonly isWeekend: boolean;
}

export function toLocalTime(at: Date, timeZone: string): LocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? '';
  return {
    day: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
    isWeekend: part('weekday') === 'Sat' || part('weekday') === 'Sun',
  };
}

export function isQuiet({ time, isWeekend }: LocalTime, { from, to, weekends }: QuietHours): boolean {
  if (weekends && isWeekend) return true;
  return from <= to ? from <= time && time < to : from <= time || time < to;
}

/**
 * From its time on; that it was sent today the ledger knows.
 * @param quietHours those that its channel keeps: a digest of an evening that is quiet until midnight comes when they end
 */
export function isDigestDue({ time }: LocalTime, digestAt: string, quietHours: QuietHours | undefined): boolean {
  const isKeptOverNight = quietHours && quietHours.from > quietHours.to && digestAt >= quietHours.from;
  return time >= (isKeptOverNight ? quietHours.to : digestAt);
}
