import { z } from 'zod';
import type { AlertChannel, AlertRules } from '../deal/alerts.js';
import { ConfigError } from '../deal/errors.js';
import { isAddress } from './address.js';

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
      (text) => /^smtps?:\/\/[^/]+\/?$/.test(text) && isAddress(text),
      'a mail server such as smtps://user:password@smtp.example.com:465 (special characters as %40)',
    )
    .optional(),
  ALERT_TEAMS_URL: webhookUrl.optional(),
  ALERT_WEBHOOK_URL: webhookUrl.optional(),
  ALERT_WEBHOOK_SECRET: z.string().min(24).optional(),
});

type AlertValues = z.output<typeof alertSettings>;

export interface AlertConfig {
  /** Every message links there. */
  readonly deskUrl: string | undefined;
  /** Named so that no record of the configuration takes them up (effective-settings.ts). */
  readonly secrets: {
    readonly smtpUrl: string | undefined;
    readonly teamsUrl: string | undefined;
    readonly webhookUrl: string | undefined;
    readonly webhookSecret: string | undefined;
  };
}

export function toAlertConfig(e: AlertValues, deskUrl: string | undefined): AlertConfig {
  return {
    deskUrl,
    secrets: {
      smtpUrl: e.ALERT_SMTP_URL,
      teamsUrl: e.ALERT_TEAMS_URL,
      webhookUrl: e.ALERT_WEBHOOK_URL,
      webhookSecret: e.ALERT_WEBHOOK_SECRET,
    },
  };
}

const NEEDED = {
  mail: { smtpUrl: 'ALERT_SMTP_URL' },
  teams: { teamsUrl: 'ALERT_TEAMS_URL' },
  webhook: { webhookUrl: 'ALERT_WEBHOOK_URL', webhookSecret: 'ALERT_WEBHOOK_SECRET' },
} as const satisfies Record<AlertChannel['by'], Partial<Record<keyof AlertConfig['secrets'], string>>>;

/** For the process that sends: a channel that could reach nobody is found at its start. @throws ConfigError */
export function ensureAlertSettings(
  { channels }: Pick<AlertRules, 'channels'>,
  { deskUrl, secrets }: AlertConfig,
): void {
  const missing = channels.flatMap(({ name, by }) =>
    Object.entries<string>(NEEDED[by])
      .filter(([secret]) => secrets[secret as keyof typeof secrets] === undefined)
      .map(
        ([, setting]) =>
          `  setting ${setting}: expected a value, since alerts.channels has '${name}' by ${by}, got nothing`,
      ),
  );
  if (channels.length > 0 && deskUrl === undefined) {
    missing.push('  setting DESK_PUBLIC_URL: expected the address of the desk, to which alerts link, got nothing');
  }
  if (missing.length > 0) throw new ConfigError(`The configuration is not usable:\n${missing.join('\n')}`);
}
