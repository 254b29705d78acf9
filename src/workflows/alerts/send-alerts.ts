import { isCancellation, log } from '@temporalio/workflow';
import { alerts } from '../activity-options.js';

export interface SentAlerts {
  readonly sent: number;
  /** They wait in the ledger for the next run, as do those of a channel that is left alone for now. */
  readonly waiting: number;
}

/** Every minute: whoever should know of something is told, once. */
export async function sendAlerts(): Promise<SentAlerts> {
  const planned = await alerts.planAlerts();
  const channels = new Map<string, string[]>();
  for (const { channel, messageId } of planned) {
    channels.set(channel, [...(channels.get(channel) ?? []), messageId]);
  }
  // Side by side: a mail server that answers nobody keeps no other channel waiting.
  const counts = await Promise.all([...channels.values()].map(sendInTurn));
  const sent = counts.reduce((sum, count) => sum + count, 0);
  return { sent, waiting: planned.length - sent };
}

/** Until the channel refuses one: the others would wait for the same. */
async function sendInTurn(messageIds: readonly string[]): Promise<number> {
  let sent = 0;
  for (const messageId of messageIds) {
    try {
      const { kind } = await alerts.sendAlert(messageId);
      if (kind === 'failed') return sent;
      if (kind === 'sent') sent += 1;
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('an alert could not be sent, the next run tries again', { messageId });
      return sent;
    }
  }
  return sent;
}
