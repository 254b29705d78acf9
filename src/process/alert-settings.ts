import { z } from 'zod';
import type { AlertRules } from '../deal/alerts.js';
import { ConfigError } from '../deal/errors.js';

/** The settings of the alerts; all of them are called ALERT_…, and all are secrets: an address of a webhook is one, too. */

const THIS_MACHINE = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/;
const webhookUrl = z
  .url()
  .refine(
    (text) => text.startsWith('https://') || THIS_MACHINE.test(text),
    'an https address, or an http one of this machine',
  );

export const alertSettings = z.object({
  ALERT_SMTP_URL: z
    .url()
    .refine(
      (text) => /^smtps?:\/\/[^/]+\/?$/.test(text),
      'a mail server such as smtps://user:password@smtp.example.com:465 (special characters as %40)',
    )
    .optional(),
  ALERT_TEAMS_URL: webhookUrl.optional(),
  ALERT_WEBHOOK_URL: webhookUrl.optional(),
  ALERT_WEBHOOK_SECRET: z.string().min(24).optional(),
});

type AlertValues = z.output<typeof alertSettings>;

/** Named so that no record of the configuration takes it up (effective-settings.ts). */
export interface AlertSecrets {
  readonly smtpUrl: string | undefined;
  readonly teamsUrl: string | undefined;
  readonly webhookUrl: string | undefined;
  readonly webhookSecret: string | undefined;
}

export function toAlertSecrets(e: AlertValues): AlertSecrets {
  return {
    smtpUrl: e.ALERT_SMTP_URL,
    teamsUrl: e.ALERT_TEAMS_URL,
    webhookUrl: e.ALERT_WEBHOOK_URL,
    webhookSecret: e.ALERT_WEBHOOK_SECRET,
  };
}

const NEEDED = {
  mail: ['ALERT_SMTP_URL'],
  teams: ['ALERT_TEAMS_URL'],
  webhook: ['ALERT_WEBHOOK_URL', 'ALERT_WEBHOOK_SECRET'],
} as const;

/** A channel that could reach nobody is found at the start. @throws ConfigError */
export function checkAlertSettings(
  { channels }: Pick<AlertRules, 'channels'>,
  e: AlertValues & { readonly DESK_PUBLIC_URL?: string | undefined },
): void {
  const missing = new Set<string>();
  for (const { name, by } of channels) {
    for (const setting of NEEDED[by].filter((one) => e[one] === undefined)) {
      missing.add(`  setting ${setting}: expected a value, since alerts.channels has '${name}' by ${by}, got nothing`);
    }
  }
  if (channels.length > 0 && e.DESK_PUBLIC_URL === undefined) {
    missing.add('  setting DESK_PUBLIC_URL: expected the address of the desk, to which alerts link, got nothing');
  }
  if (missing.size > 0) throw new ConfigError(`The configuration is not usable:\n${[...missing].join('\n')}`);
}
