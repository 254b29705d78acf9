import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';
import { type Receiver, startReceiver } from '../support/receiver.js';

/** The schedule that the starter makes, the queue that the worker polls, and a mail server that is not there. */

let stage: Stage;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  const gone = await startReceiver();
  await gone.close();
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/alerts.yaml',
    feeds: true,
    env: {
      DESK_PUBLIC_URL: 'http://127.0.0.1:8090',
      ALERT_SMTP_URL: `smtp://127.0.0.1:${new URL(gone.url).port}`,
      ALERT_WEBHOOK_URL: receiver.url,
      ALERT_WEBHOOK_SECRET: 'a-secret-of-24-characters',
    },
  });
});
afterAll(async () => {
  await stage?.close();
  await receiver.close();
});

describe('alerts of the processes', () => {
  it('reach one channel once, while another one is asked in vain again and again', async () => {
    await stage.database.query(
      `INSERT INTO paused_lanes (system, address, paused_since, problem)
       VALUES ('dataverse', 'https://another.example', now(), 'invalid_client')`,
    );
    const schedule = stage.temporal.schedule.getHandle('send-alerts');
    await until(async () => {
      await schedule.trigger('ALLOW_ALL');
      const { rows } = await stage.database.query(
        `SELECT times_asked FROM alert_messages WHERE channel = 'it-mail' AND times_asked > 1 AND sent_at IS NULL`,
      );
      return rows.length === 1 && receiver.posted.length > 0;
    });
    expect(receiver.posted).toHaveLength(1);
    expect(JSON.parse(receiver.posted[0]?.body ?? '')).toMatchObject({
      owner: 'IT',
      groups: [
        {
          kind: 'lane',
          subject: 'dataverse at https://another.example',
          count: 1,
          link: 'http://127.0.0.1:8090/health-check',
        },
      ],
    });
    const { rows } = await stage.database.query(
      'SELECT channel, sent_at IS NOT NULL AS sent, last_error FROM alert_messages ORDER BY channel',
    );
    expect(rows).toEqual([
      { channel: 'it-mail', sent: false, last_error: 'ESOCKET' },
      { channel: 'pager', sent: true, last_error: null },
    ]);
    await expect(stage.temporal.schedule.getHandle('check-trail').describe()).resolves.toMatchObject({
      state: { paused: false },
    });
  });
});
