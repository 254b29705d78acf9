import type { AlertContent } from '../../deal/alerts.js';
import { DealbridgeError } from '../../deal/errors.js';
import { isTimeout } from '../http/egress.js';

/** A way to people: by mail, to a channel of Teams or to any webhook. */

export interface AlertToSend {
  /** The same each time that this message is sent: whoever receives it twice sees that it is one. */
  readonly messageId: string;
  readonly content: AlertContent;
}

export interface AlertSender {
  /**
   * Resolves with how many of several receivers were not reached, in words, when it went out to the others.
   * @throws AlertError
   */
  send(alert: AlertToSend): Promise<string | undefined>;
}

/** No attempt outlives this; the lease of the ledger is longer. */
export const SEND_LIMIT_MS = 20_000;

/** It did not go out, or nobody can say: a code, never an address, a secret or an answer. */
export class AlertError extends DealbridgeError {
  readonly reason: string;
  /** How long the receiver wants to be left alone, when it said so (I8). */
  readonly retryAfterMs: number | undefined;

  constructor(by: string, reason: string, retryAfterMs?: number) {
    super('alert-refused', `alert by ${by}: ${reason}`);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export function codeOf(error: unknown): string {
  if (isTimeout(error)) return 'no answer in time';
  return error instanceof Error && 'code' in error ? String(error.code) : 'failed';
}

/** Line by line, for whoever reads text. */
export function toText({ groups, link }: AlertContent): string {
  const lines = groups.flatMap((group) => [
    `${group.count} × ${KIND_WORDS[group.kind]}: ${group.subject}`,
    ...(group.numbers.length > 0 ? [`  ${toNumbers(group)}`] : []),
    `  ${group.advice}`,
    `  ${group.link}`,
    '',
  ]);
  return [...lines, `Everything that waits: ${link}`, ''].join('\n');
}

/** The first few of them, and how many more there are. */
export function toNumbers({ numbers, count }: AlertContent['groups'][number]): string {
  const more = count - numbers.length;
  return more > 0 ? `${numbers.join(', ')} and ${more} more` : numbers.join(', ');
}

export const KIND_WORDS: Readonly<Record<AlertContent['groups'][number]['kind'], string>> = {
  hold: 'held',
  waiting: 'waits',
  feed: 'feed stands still',
  flow: 'flow carries nothing',
  credential: 'credential ends',
  trail: 'audit trail broken',
  lane: 'sign-in refused, lane paused',
};
