import { AlertError, type AlertSender } from '../../clients/alerts/channel.js';
import { type AlertRules, createMessagePlan } from '../../deal/alerts.js';
import type { Clock } from '../../deal/clock.js';
import type { AlertLedger, OpenCauses, PlannedAlert } from '../../ledger/alerts/alerts.js';

export type { PlannedAlert };

export interface SendOutcome {
  /** not-mine: it was sent, another attempt is under way, or its channel is left alone for now. */
  readonly kind: 'sent' | 'not-mine' | 'failed';
}

export interface AlertDependencies {
  readonly ledger: AlertLedger;
  readonly rules: AlertRules;
  readonly clock: Clock;
  /** Without the slash at its end. */
  readonly deskUrl: string;
  readonly findCauses: (now: Date) => Promise<OpenCauses>;
  /** By the name of the channel. */
  readonly senders: ReadonlyMap<string, AlertSender>;
  readonly log: { warn(facts: object, message: string): void };
}

export function createAlertActivities(dependencies: AlertDependencies) {
  const { ledger, rules, clock, deskUrl, findCauses, senders, log } = dependencies;
  return {
    /** What waits to be sent, with what is new by now; asked twice it plans nothing twice. */
    async planAlerts(): Promise<PlannedAlert[]> {
      await ledger.dropOfOthers(rules.channels);
      if (rules.channels.length === 0) return [];
      const now = clock.now();
      const findOpen = await findCauses(now);
      const planned: PlannedAlert[] = [];
      for (const channel of rules.channels) {
        planned.push(
          ...(await ledger.plan(channel, findOpen, (waiting) =>
            createMessagePlan(channel, { ...waiting, now, rules, deskUrl }),
          )),
        );
      }
      return planned;
    },

    /**
     * Sends what nobody has sent. A refusal is no error of the step: the message waits in the ledger, and the next run,
     * a minute later, tries again.
     */
    async sendAlert(messageId: string): Promise<SendOutcome> {
      const claimed = await ledger.claim(messageId);
      if (!claimed) return { kind: 'not-mine' };
      const { channel, content } = claimed;
      let missed: string | undefined;
      try {
        const sender = senders.get(channel);
        if (!sender) throw new AlertError(channel, 'the rules do not name this channel any more');
        missed = await sender.send({ messageId, content });
      } catch (error) {
        if (!(error instanceof AlertError)) throw error;
        await ledger.recordFailure(messageId, error.reason, error.retryAfterMs);
        log.warn({ channel, messageId, reason: error.reason }, 'an alert was not taken, the next run tries again');
        return { kind: 'failed' };
      }
      await ledger.recordSent(messageId, missed);
      if (missed !== undefined) log.warn({ channel, messageId, reason: missed }, 'an alert did not reach everybody');
      return { kind: 'sent' };
    },
  };
}

export type AlertActivities = ReturnType<typeof createAlertActivities>;
