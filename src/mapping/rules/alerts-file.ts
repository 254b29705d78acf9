import { z } from 'zod';
import { ALERT_KINDS } from '../../deal/alerts.js';
import { HOLD_OWNERS } from '../../deal/holds.js';
import { timeOfDay, timeZone } from './times.js';

/** The section `alerts` of the rules file: who is told what, and when. Addresses with secrets in them are settings. */

const localTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day in the time zone, such as 08:00');
const oneAddress = z.email('a mail address such as finance@example.com');

const channel = z
  .strictObject({
    name: z.string().regex(/^[\w-]{1,40}$/, 'a name of letters, digits and hyphens, such as finance-mail'),
    by: z.enum(['mail', 'teams', 'webhook']),
    to: z.array(oneAddress).min(1).optional().describe('Receivers of mail'),
    owners: z
      .array(z.enum(HOLD_OWNERS))
      .min(1)
      .default([...HOLD_OWNERS])
      .describe('Whose moves it tells of'),
    kinds: z
      .array(z.enum(ALERT_KINDS))
      .min(1)
      .default([...ALERT_KINDS])
      .describe('What it tells of'),
    send: z.enum(['at-once', 'daily', 'both']).default('at-once').describe('What is new, a digest a day, or both'),
    quiet: z.boolean().default(true).describe('Whether it keeps the quiet hours'),
  })
  .refine(({ by, to }) => (by === 'mail') === (to !== undefined), {
    message: 'the receivers of mail, and only of mail',
    path: ['to'],
  });

export const alerts = z
  .strictObject({
    waitingHours: z.number().int().min(1).max(1_000).default(24),
    feedMinutes: z.number().int().min(5).max(10_080).default(30),
    credentialDays: z.number().int().min(1).max(365).default(30),
    trailAt: timeOfDay.default('05:00'),
    timeZone: timeZone.default('UTC'),
    quietHours: z
      .strictObject({ from: localTime, to: localTime, weekends: z.boolean().default(false) })
      .refine(({ from, to }) => from !== to, { message: 'another time than `from`', path: ['to'] })
      .optional(),
    digestAt: localTime.default('08:00'),
    mailFrom: oneAddress.optional(),
    channels: z
      .array(channel)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'channels with a name each of its own')
      .default([]),
  })
  .refine(({ channels, mailFrom }) => mailFrom !== undefined || channels.every(({ by }) => by !== 'mail'), {
    message: 'the sender of mail, since a channel sends mail',
    path: ['mailFrom'],
  });
