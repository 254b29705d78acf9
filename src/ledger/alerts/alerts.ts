import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  ALERT_KINDS,
  type AlertChannel,
  type AlertContent,
  type AlertDraft,
  type ChannelMemory,
} from '../../deal/alerts.js';
import { HOLD_OWNERS } from '../../deal/holds.js';
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
/** Longer than any attempt may take: then its process is gone. */
const ATTEMPT_IS_OVER_AFTER = '2 minutes';

export interface AlertLedger {
  /** The messages of one channel that wait after planning. Two who plan at once plan nothing twice. */
  plan(
    channel: Pick<AlertChannel, 'name'>,
    standing: readonly string[],
    toDrafts: (memory: ChannelMemory) => readonly AlertDraft[],
  ): Promise<PlannedAlert[]>;
  /** Undefined when it was sent, or when another attempt may still be under way. */
  claim(messageId: string): Promise<ClaimedAlert | undefined>;
  recordSent(messageId: string): Promise<void>;
  recordFailure(messageId: string, code: string): Promise<void>;
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
    plan: ({ name }, standing, toDrafts) =>
      database.transaction(async (tx) => {
        await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`alerts ${name}`]);
        await noteStanding(tx, name, standing);
        for (const draft of toDrafts(await remember(tx, name))) await saveDraft(tx, name, draft);
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
         RETURNING message_id, channel, content`,
        [messageId],
      );
      return row && { messageId: row.message_id, channel: row.channel, content: row.content };
    },
    async recordSent(messageId) {
      await database.query(
        'UPDATE alert_messages SET sent_at = coalesce(sent_at, now()), last_error = NULL WHERE message_id = $1',
        [messageId],
      );
    },
    async recordFailure(messageId, code) {
      await database.query(
        'UPDATE alert_messages SET asked_at = NULL, last_error = $2 WHERE message_id = $1 AND sent_at IS NULL',
        [messageId, code],
      );
    },
  };
}

/** First what stands: after a long pause nothing that still stands is forgotten. */
async function noteStanding(tx: Queryable, channel: string, causes: readonly string[]): Promise<void> {
  await tx.query('UPDATE alert_causes SET seen_at = now() WHERE channel = $1 AND cause = ANY($2::text[])', [
    channel,
    causes,
  ]);
  await tx.query(`DELETE FROM alert_causes WHERE channel = $1 AND seen_at < now() - interval '${FORGOTTEN_AFTER}'`, [
    channel,
  ]);
}

async function remember(tx: Queryable, channel: string): Promise<ChannelMemory> {
  const causes = await selectRows(tx, causeRow, 'SELECT cause FROM alert_causes WHERE channel = $1', [channel]);
  const owners = await selectRows(
    tx,
    ownerRow,
    'SELECT DISTINCT owner FROM alert_messages WHERE channel = $1 AND sent_at IS NULL AND digest_of IS NULL',
    [channel],
  );
  return {
    toldCauses: new Set(causes.map(({ cause }) => cause)),
    waitingOwners: new Set(owners.map(({ owner }) => owner)),
  };
}

async function saveDraft(tx: Queryable, channel: string, draft: AlertDraft): Promise<void> {
  const messageId = randomUUID();
  await tx.query(
    `INSERT INTO alert_messages (message_id, channel, owner, digest_of, content) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (channel, owner, digest_of) WHERE digest_of IS NOT NULL DO NOTHING`,
    [messageId, channel, draft.owner, draft.digestOf ?? null, toStored(draft.content)],
  );
  await tx.query(
    'INSERT INTO alert_causes (channel, cause, message_id) SELECT $1, cause, $3 FROM unnest($2::text[]) AS cause',
    [channel, draft.causes, messageId],
  );
}
