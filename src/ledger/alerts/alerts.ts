import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  ALERT_KINDS,
  type AlertCause,
  type AlertChannel,
  type AlertContent,
  type AlertDraft,
  concerns,
  type MessagePlan,
} from '../../deal/alerts.js';
import { HOLD_OWNERS, type HoldOwner } from '../../deal/holds.js';
import type { Database, Queryable } from '../database.js';
import { rowsOf, selectRow, selectRows, textColumn } from '../read-rows.js';
import { contentOf, stored, toStored } from '../stored-content.js';

/** What was said over which channel, so that each cause is said once, whoever asks how often. */

export interface PlannedAlert {
  readonly messageId: string;
  readonly channel: string;
}

export interface ClaimedAlert extends PlannedAlert {
  readonly content: AlertContent;
}

/** What has been over for this long is new when it comes back; a deal that is tried again in between is not. */
const FORGOTTEN_AFTER = '1 hour';
/** So long two workers may go by different rules, as one is started after the other. */
const DROPPED_AFTER = '1 hour';
/** Longer than any attempt may take: then its process is gone. */
const ATTEMPT_IS_OVER_AFTER = '2 minutes';

/** Everything that stands, page by page. */
export type OpenCauses = (db: Queryable) => AsyncIterable<readonly AlertCause[]>;

export interface AlertLedger {
  /** The messages of one channel that are to be sent after planning; none in its quiet hours. Two who plan at once plan nothing twice. */
  plan(
    channel: Pick<AlertChannel, 'name' | 'owners' | 'kinds'>,
    findOpen: OpenCauses,
    begin: (waitingOwners: ReadonlySet<string>) => MessagePlan,
  ): Promise<PlannedAlert[]>;
  /** Undefined when it was sent, when another attempt may still be under way, or when its channel is to be left alone for now. */
  claim(messageId: string): Promise<ClaimedAlert | undefined>;
  /** @param missed who was not reached, in words */
  recordSent(messageId: string, missed?: string): Promise<void>;
  recordFailure(messageId: string, code: string, retryAfterMs?: number): Promise<void>;
  /** What waits for a channel that the rules name no more is not sent, and counts as never told. */
  dropOfOthers(channels: readonly string[]): Promise<void>;
}

const contentSchema = contentOf<AlertContent>({
  owner: z.enum(HOLD_OWNERS),
  title: z.string(),
  groups: z.array(
    z.object({
      kind: z.enum(ALERT_KINDS),
      subject: z.string(),
      advice: z.string(),
      count: z.number(),
      numbers: z.array(z.string()),
      link: z.string(),
    }),
  ),
  link: z.string(),
});

const plannedRow = rowsOf('alert_messages', ['message_id'], { message_id: textColumn, channel: textColumn });
const claimedRow = rowsOf('alert_messages', ['message_id'], {
  message_id: textColumn,
  channel: textColumn,
  content: stored(contentSchema),
});
const causeRow = rowsOf('alert_causes', ['cause'], { cause: textColumn });
const ownerRow = rowsOf('alert_messages', ['owner'], { owner: textColumn });

export function createAlertLedger(database: Database): AlertLedger {
  return {
    plan: (channel, findOpen, begin) =>
      database.transaction(async (tx) => {
        const { name } = channel;
        await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`alerts ${name}`]);
        const plan = begin(await listWaitingOwners(tx, name));
        const messageIds = new Map<HoldOwner, string>();
        const idOf = (owner: HoldOwner): string => {
          const id = messageIds.get(owner) ?? randomUUID();
          messageIds.set(owner, id);
          return id;
        };
        for await (const page of findOpen(tx)) {
          const causes = concerns(channel, page);
          const known = await recordOpen(tx, name, causes);
          await saveCauses(
            tx,
            name,
            plan.add(causes, known).map(({ key, owner }) => ({ key, messageId: idOf(owner) })),
          );
        }
        await forgetWhatIsOver(tx, name);
        for (const draft of plan.drafts())
          await saveDraft(tx, name, draft, draft.digestOf === undefined ? idOf(draft.owner) : randomUUID());
        // Also what was refused before they began.
        if (plan.isSilent) return [];
        const rows = await selectRows(
          tx,
          plannedRow,
          `SELECT message_id, channel FROM alert_messages WHERE channel = $1 AND sent_at IS NULL
           ORDER BY planned_at, message_id`,
          [name],
        );
        return rows.map((row) => ({ messageId: row.message_id, channel: row.channel }));
      }),
    async claim(messageId) {
      const row = await selectRow(
        database,
        claimedRow,
        `UPDATE alert_messages SET asked_at = now(), times_asked = times_asked + 1
         WHERE message_id = $1 AND sent_at IS NULL
           AND (asked_at IS NULL OR asked_at < now() - interval '${ATTEMPT_IS_OVER_AFTER}')
           AND NOT EXISTS (SELECT 1 FROM alert_messages other WHERE other.channel = alert_messages.channel
             AND other.sent_at IS NULL AND other.not_before > now())
         RETURNING message_id, channel, content`,
        [messageId],
      );
      return row && { messageId: row.message_id, channel: row.channel, content: row.content };
    },
    async recordSent(messageId, missed) {
      await database.query(
        'UPDATE alert_messages SET sent_at = coalesce(sent_at, now()), last_error = $2 WHERE message_id = $1',
        [messageId, missed ?? null],
      );
    },
    async recordFailure(messageId, code, retryAfterMs) {
      await database.query(
        `UPDATE alert_messages SET asked_at = NULL, last_error = $2, not_before = now() + $3 * interval '1 millisecond'
         WHERE message_id = $1 AND sent_at IS NULL`,
        [messageId, code, retryAfterMs ?? null],
      );
    },
    async dropOfOthers(channels) {
      await database.query(
        `WITH dropped AS (
           DELETE FROM alert_messages WHERE sent_at IS NULL AND channel <> ALL($1::text[])
             AND planned_at < now() - interval '${DROPPED_AFTER}'
             AND (asked_at IS NULL OR asked_at < now() - interval '${ATTEMPT_IS_OVER_AFTER}')
           RETURNING message_id, channel)
         DELETE FROM alert_causes c USING dropped d WHERE c.channel = d.channel AND c.message_id = d.message_id`,
        [channels],
      );
    },
  };
}

/** Returns those that were told: also after a long pause of ours nothing that still stands is new. */
async function recordOpen(tx: Queryable, channel: string, causes: readonly AlertCause[]): Promise<ReadonlySet<string>> {
  if (causes.length === 0) return new Set();
  const rows = await selectRows(
    tx,
    causeRow,
    'UPDATE alert_causes SET seen_at = now() WHERE channel = $1 AND cause = ANY($2::text[]) RETURNING cause',
    [channel, causes.map(({ key }) => key)],
  );
  return new Set(rows.map(({ cause }) => cause));
}

async function saveCauses(
  tx: Queryable,
  channel: string,
  causes: readonly { readonly key: string; readonly messageId: string }[],
): Promise<void> {
  if (causes.length === 0) return;
  await tx.query(
    'INSERT INTO alert_causes (channel, cause, message_id) SELECT $1, given.* FROM unnest($2::text[], $3::uuid[]) AS given',
    [channel, causes.map(({ key }) => key), causes.map(({ messageId }) => messageId)],
  );
}

async function forgetWhatIsOver(tx: Queryable, channel: string): Promise<void> {
  await tx.query(`DELETE FROM alert_causes WHERE channel = $1 AND seen_at < now() - interval '${FORGOTTEN_AFTER}'`, [
    channel,
  ]);
}

async function listWaitingOwners(tx: Queryable, channel: string): Promise<ReadonlySet<string>> {
  const owners = await selectRows(
    tx,
    ownerRow,
    'SELECT DISTINCT owner FROM alert_messages WHERE channel = $1 AND sent_at IS NULL AND digest_of IS NULL',
    [channel],
  );
  return new Set(owners.map(({ owner }) => owner));
}

async function saveDraft(tx: Queryable, channel: string, draft: AlertDraft, messageId: string): Promise<void> {
  await tx.query(
    `INSERT INTO alert_messages (message_id, channel, owner, digest_of, content) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (channel, owner, digest_of) WHERE digest_of IS NOT NULL DO NOTHING`,
    [messageId, channel, draft.owner, draft.digestOf ?? null, toStored(draft.content)],
  );
}
