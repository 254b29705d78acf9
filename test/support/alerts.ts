import type { AlertCause, AlertChannel, AlertContent, AlertRules } from '../../src/deal/alerts.js';
import { ALERT_KINDS, toDealCauses } from '../../src/deal/alerts.js';
import { HOLD_OWNERS, type HoldReason } from '../../src/deal/holds.js';

/** Alerts as the rules and the ledger have them. */

export const DESK = 'https://desk.example';

export function makeChannel(changes: Partial<AlertChannel> = {}): AlertChannel {
  return {
    name: 'all',
    by: 'webhook',
    to: [],
    owners: HOLD_OWNERS,
    kinds: ALERT_KINDS,
    send: 'at-once',
    keepsQuiet: true,
    ...changes,
  };
}

export function makeAlertRules(changes: Partial<AlertRules> = {}): AlertRules {
  return {
    waitingHours: 24,
    feedMinutes: 30,
    credentialDays: 30,
    trailAt: { hour: 5, minute: 0 },
    timeZone: 'UTC',
    quietHours: undefined,
    digestAt: '08:00',
    mailFrom: undefined,
    channels: [makeChannel()],
    ...changes,
  };
}

export function heldCauses(reason: HoldReason, ...numbers: readonly string[]): AlertCause[] {
  const before = new Date(0);
  return numbers.flatMap((number) =>
    toDealCauses({ recordId: `record-${number}`, number, reason, otherReasons: [], since: new Date(1) }, before, 24),
  );
}

export const CONTENT: AlertContent = {
  owner: 'finance',
  title: 'Dealbridge: 12 new for finance',
  groups: [
    {
      kind: 'hold',
      subject: 'period-closed',
      advice: 'Open the period; then retry.',
      count: 12,
      numbers: ['OPP-1_a', 'OPP-2'],
      link: `${DESK}/?view=held&reason=period-closed`,
    },
  ],
  link: `${DESK}/`,
};
