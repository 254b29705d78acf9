import { createHmac } from 'node:crypto';
import type { Clock } from '../../deal/clock.js';
import type { AlertSender } from './channel.js';
import { postJson } from './post.js';

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_…` in base64, or any text. */
  readonly secret: string;
  readonly clock: Clock;
}

/** Any receiver, signed as «Standard Webhooks» has it, for which there are libraries: https://www.standardwebhooks.com */
export function createWebhookSender({ url, secret, clock }: WebhookOptions): AlertSender {
  return {
    send({ messageId, content }) {
      const body = JSON.stringify({ type: 'dealbridge.alert', ...content });
      const timestamp = String(Math.floor(clock.now().getTime() / 1_000));
      return postJson('webhook', url, body, {
        'webhook-id': messageId,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${sign(secret, `${messageId}.${timestamp}.${body}`)}`,
      });
    },
  };
}

const PREFIX = 'whsec_';

function sign(secret: string, text: string): string {
  const key = secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
    : Buffer.from(secret, 'utf8');
  return createHmac('sha256', key).update(text).digest('base64');
}
