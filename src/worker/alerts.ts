import { createAlertActivities } from '../activities/alerts/alerts.js';
import { createCheckTrail } from '../activities/alerts/check-trail.js';
import { createFindCauses } from '../activities/alerts/find-causes.js';
import type { AlertSender } from '../clients/alerts/channel.js';
import { createMailSender } from '../clients/alerts/mail.js';
import { createTeamsSender } from '../clients/alerts/teams.js';
import { createWebhookSender } from '../clients/alerts/webhook.js';
import type { AlertChannel } from '../deal/alerts.js';
import { FLOWS } from '../deal/flows.js';
import { createAlertLedger } from '../ledger/alerts/alerts.js';
import type { Config } from '../process/config.js';
import type { Runtime } from '../process/runtime.js';
import { systemClock } from '../process/system-clock.js';
import { openWitnesses } from '../process/witnesses.js';

/** The steps that tell people, and what each channel is reached by. */
export function openAlerts(config: Config, { database, log }: Pick<Runtime, 'database' | 'log'>) {
  const rules = config.rules.alerts;
  return {
    ...createAlertActivities({
      ledger: createAlertLedger(database),
      rules,
      clock: systemClock,
      deskUrl: config.alerts.deskUrl ?? '',
      findCauses: createFindCauses(database, {
        ...rules,
        readsFeeds: config.feeds,
        flows: FLOWS.filter((flow) => config.rules.flows[flow] !== undefined),
      }),
      senders: new Map(
        rules.channels.flatMap((channel) => {
          const sender = openSender(channel, config);
          return sender ? [[channel.name, sender] as const] : [];
        }),
      ),
      log,
    }),
    ...createCheckTrail(database, openWitnesses(config, database)),
  };
}

/** What is missing was said at the start (alert-settings.ts). */
function openSender({ by, to }: AlertChannel, { alerts, rules }: Config): AlertSender | undefined {
  const { smtpUrl, teamsUrl, webhookUrl: url, webhookSecret: secret } = alerts.secrets;
  const { mailFrom: from } = rules.alerts;
  if (by === 'teams') return teamsUrl === undefined ? undefined : createTeamsSender(teamsUrl);
  if (by === 'mail')
    return smtpUrl === undefined || from === undefined ? undefined : createMailSender({ smtpUrl, from, to });
  return url === undefined || secret === undefined
    ? undefined
    : createWebhookSender({ url, secret, clock: systemClock });
}
