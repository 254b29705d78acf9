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
import { nullable, rowsOf, selectRow, selectRows, textColumn } from '../read-rows.js';
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
const NO_ATTEMPT = `(asked_at IS NULL OR asked_at < now() - interval '${ATTEMPT_IS_OVER_AFTER}')`;

/** What was planned and not taken yet. */
export interface WaitingMessages {
  readonly waitingOwners: ReadonlySet<string>;
  readonly waitingDigests: ReadonlyMap<string, string>;
}

/** Everything that stands, page by page. */
export type OpenCauses = (db: Queryable) => AsyncIterable<readonly AlertCause[]>;

export interface AlertLedger {
  /** The messages of one channel that are to be sent after planning; none in its quiet hours. Two who plan at once plan nothing twice. */
  plan(
    channel: Pick<AlertChannel, 'name' | 'owners' | 'kinds'>,
    findOpen: OpenCauses,
    begin: (waiting: WaitingMessages) => MessagePlan,
  ): Promise<PlannedAlert[]>;
  /** Undefined when it was sent, when another attempt may still be under way, or when its channel is to be left alone for now. */
  claim(messageId: string): Promise<ClaimedAlert | undefined>;
  /** @param missed who was not reached, in words */
  recordSent(messageId: string, missed?: string): Promise<void>;
  recordFailure(messageId: string, code: string, retryAfterMs?: number): Promise<void>;
  /** What waits for a channel, or an owner of it, that the rules name no more is not sent, and counts as never told. */
  dropOfOthers(channels: readonly Pick<AlertChannel, 'name' | 'owners'>[]): Promise<void>;
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
const causeRow = rowsOf('alert_causes', ['cause'], { cause: textColumn, message_id: textColumn });
const newsRow = rowsOf('alert_messages', ['message_id'], { message_id: textColumn, owner: textColumn });
const waitingRow = rowsOf('alert_messages', ['owner'], { owner: textColumn, digest_of: nullable(textColumn) });

export function createAlertLedger(database: Database): AlertLedger {
  return {
    plan: (channel, findOpen, begin) =>
      database.transaction(async (tx) => {
        const { name } = channel;
        await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`alerts ${name}`]);
        const plan = begin(await listWaiting(tx, name));
        const messageIds = new Map<HoldOwner, string>();
        const idOf = (owner: HoldOwner): string => {
          const id = messageIds.get(owner) ?? randomUUID();
          messageIds.set(owner, id);
          return id;
        };
        const news = await listWaitingNews(tx, name);
        for await (const page of findOpen(tx)) {
          const causes = concerns(channel, page);
          const known = await recordOpen(tx, name, causes);
          plan.addAgain(causes.filter(({ key, owner }) => known.get(key) === (news.get(owner) ?? '')));
          await saveCauses(
            tx,
            name,
            plan.add(causes, new Set(known.keys())).map(({ key, owner }) => ({ key, messageId: idOf(owner) })),
          );
        }
        await forgetWhatIsOver(tx, name);
        await renewNews(tx, news, plan.renewed());
        const drafts = plan.drafts();
        for (const draft of drafts) {
          if (draft.digestOf === undefined) await saveDraft(tx, name, draft, idOf(draft.owner));
          else await saveDigest(tx, name, { ...draft, digestOf: draft.digestOf });
        }
        // Also what was refused before they began.
        if (plan.isSilent) return [];
        await dropDigestsOfOthers(tx, name, drafts);
        const rows = await selectRows(
          tx,
          plannedRow,
          `SELECT message_id, channel FROM alert_messages
           WHERE channel = $1 AND sent_at IS NULL AND owner = ANY($2::text[]) ORDER BY planned_at, message_id`,
          [name, channel.owners],
        );
        return rows.map((row) => ({ messageId: row.message_id, channel: row.channel }));
      }),
    async claim(messageId) {
      const row = await selectRow(
        database,
        claimedRow,
        `UPDATE alert_messages SET asked_at = now(), times_asked = times_asked + 1
         WHERE message_id = $1 AND sent_at IS NULL
           AND ${NO_ATTEMPT}
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
      const named = channels.flatMap(({ name, owners }) => owners.map((owner) => [name, owner] as const));
      await database.query(
        `WITH dropped AS (
           DELETE FROM alert_messages m WHERE sent_at IS NULL AND NOT EXISTS (
               SELECT FROM unnest($1::text[], $2::text[]) AS named (channel, owner)
               WHERE named.channel = m.channel AND named.owner = m.owner)
             AND planned_at < now() - interval '${DROPPED_AFTER}'
             AND ${NO_ATTEMPT}
           RETURNING message_id, channel)
         DELETE FROM alert_causes c USING dropped d WHERE c.channel = d.channel AND c.message_id = d.message_id`,
        [named.map(([name]) => name), named.map(([, owner]) => owner)],
      );
    },
  };
}

/** Returns by which message those were told that were: also after a long pause of ours nothing that still stands is new. */
async function recordOpen(
  tx: Queryable,
  channel: string,
  causes: readonly AlertCause[],
): Promise<ReadonlyMap<string, string>> {
  if (causes.length === 0) return new Map();
  const rows = await selectRows(
    tx,
    causeRow,
    'UPDATE alert_causes SET seen_at = now() WHERE channel = $1 AND cause = ANY($2::text[]) RETURNING cause, message_id',
    [channel, causes.map(({ key }) => key)],
  );
  return new Map(rows.map((row) => [row.cause, row.message_id]));
}

/** The message of what is new that each owner waits for and that nobody may just be taking. */
async function listWaitingNews(tx: Queryable, channel: string): Promise<ReadonlyMap<string, string>> {
  const rows = await selectRows(
    tx,
    newsRow,
    `SELECT message_id, owner FROM alert_messages
     WHERE channel = $1 AND digest_of IS NULL AND sent_at IS NULL AND ${NO_ATTEMPT} FOR UPDATE`,
    [channel],
  );
  return new Map(rows.map((row) => [row.owner, row.message_id]));
}

/**
 * After an outage of its channel a message says what stands when it leaves. What is over by then was never told: it is new when it
 * comes back. Nothing is added, since a receiver that got the message already, unknown to us, leaves out what bears its id.
 */
async function renewNews(
  tx: Queryable,
  waiting: ReadonlyMap<string, string>,
  contents: readonly AlertContent[],
): Promise<void> {
  for (const [owner, messageId] of waiting) {
    // What stands was seen in this very transaction.
    await tx.query('DELETE FROM alert_causes WHERE message_id = $1 AND seen_at < now()', [messageId]);
    const content = contents.find((one) => one.owner === owner);
    if (content)
      await tx.query('UPDATE alert_messages SET content = $2 WHERE message_id = $1', [messageId, toStored(content)]);
    else await tx.query('DELETE FROM alert_messages WHERE message_id = $1', [messageId]);
  }
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

async function listWaiting(tx: Queryable, channel: string): Promise<WaitingMessages> {
  const rows = await selectRows(
    tx,
    waitingRow,
    'SELECT DISTINCT owner, digest_of::text FROM alert_messages WHERE channel = $1 AND sent_at IS NULL',
    [channel],
  );
  return {
    waitingOwners: new Set(rows.flatMap(({ owner, digest_of }) => (digest_of === undefined ? [owner] : []))),
    waitingDigests: new Map(
      rows.flatMap(({ owner, digest_of }) => (digest_of === undefined ? [] : [[owner, digest_of]])),
    ),
  };
}

async function saveDraft(tx: Queryable, channel: string, draft: AlertDraft, messageId: string): Promise<void> {
  await tx.query('INSERT INTO alert_messages (message_id, channel, owner, content) VALUES ($1, $2, $3, $4)', [
    messageId,
    channel,
    draft.owner,
    toStored(draft.content),
  ]);
}

/**
 * In the place of the one that waits, which is never of use beside it, and which has the time until when its channel is to be left
 * alone. That of another day is another message to whoever remembers ids. One that may just be taken stays as it is.
 */
async function saveDigest(
  tx: Queryable,
  channel: string,
  { owner, digestOf, content }: AlertDraft & { readonly digestOf: string },
): Promise<void> {
  const values = [channel, owner, digestOf, toStored(content), randomUUID()];
  await tx.query(
    `WITH waiting AS (SELECT message_id FROM alert_messages
       WHERE channel = $1 AND owner = $2 AND digest_of IS NOT NULL AND sent_at IS NULL),
     renewed AS (
       UPDATE alert_messages SET digest_of = $3::date, content = $4,
         message_id = CASE WHEN digest_of = $3::date THEN message_id ELSE $5::uuid END,
         planned_at = CASE WHEN digest_of = $3::date THEN planned_at ELSE now() END
       WHERE message_id IN (SELECT message_id FROM waiting) AND ${NO_ATTEMPT})
     INSERT INTO alert_messages (message_id, channel, owner, digest_of, content)
     SELECT $5::uuid, $1, $2, $3::date, $4 WHERE NOT EXISTS (SELECT FROM waiting)
     ON CONFLICT (channel, owner, digest_of) WHERE digest_of IS NOT NULL DO NOTHING`,
    values,
  );
}

/** For them nothing stands any more. */
async function dropDigestsOfOthers(tx: Queryable, channel: string, drafts: readonly AlertDraft[]): Promise<void> {
  await tx.query(
    `DELETE FROM alert_messages WHERE channel = $1 AND digest_of IS NOT NULL AND sent_at IS NULL AND owner <> ALL($2::text[])
       AND ${NO_ATTEMPT} AND (not_before IS NULL OR not_before <= now())`,
    [channel, drafts.flatMap(({ owner, digestOf }) => (digestOf === undefined ? [] : [owner]))],
  );
}
