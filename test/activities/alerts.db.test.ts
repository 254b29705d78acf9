import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAlertActivities } from '../../src/activities/alerts/alerts.js';
import { createCheckTrail } from '../../src/activities/alerts/check-trail.js';
import { createFindCauses } from '../../src/activities/alerts/find-causes.js';
import { createFlowSteps } from '../../src/activities/flows/flow-steps.js';
import { AlertError, type AlertSender } from '../../src/clients/alerts/channel.js';
import { createMailSender } from '../../src/clients/alerts/mail.js';
import type { AlertContent, AlertRules } from '../../src/deal/alerts.js';
import type { HoldReason } from '../../src/deal/holds.js';
import { createAlertLedger } from '../../src/ledger/alerts/alerts.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createFlowLedger } from '../../src/ledger/feeds/flows.js';
import { recordNamedCompanies } from '../../src/ledger/feeds/left-companies.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createPausedLaneLedger } from '../../src/ledger/settings/paused-lanes.js';
import { readWatchedLedger } from '../../src/ledger/upkeep/observe.js';
import { DESK, makeAlertRules, makeChannel } from '../support/alerts.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { type MailServer, startMailServer } from '../support/mail-server.js';
import { signedWith } from '../support/signed-ledger.js';

/** Each cause is said once over each channel, whatever runs twice and whatever is down. */

let embedded: EmbeddedLedger;
let database: Database;
let mailServer: MailServer;
beforeAll(async () => {
  embedded = await openEmbeddedLedger();
  database = signedWith(openDatabase(embedded.url));
  await migrate(database);
  mailServer = await startMailServer();
});
afterAll(async () => {
  await database.close();
  await embedded.stop();
  await mailServer.close();
});
beforeEach(() => {
  mailServer.behaviour = 'takes';
});
afterEach(async () => {
  await database.query(
    'TRUNCATE alert_messages, alert_causes, trail_findings, trail_proofs, source_records, paused_lanes, sales_feeds, invoice_feeds, left_companies, environments, credentials, flows, flow_rows, flow_totals',
  );
});

const NOW = new Date();
const HOUR_MS = 3_600_000;

async function hold(reason: HoldReason, number: string, hoursAgo = 0, table = 'quote'): Promise<string> {
  const recordId = randomUUID();
  await database.query(
    `INSERT INTO source_records (record_id, source_table, state, hold_reason, record_number, changed_at)
     VALUES ($1, $5, 'held', $2, $3, $4)`,
    [recordId, reason, number, new Date(NOW.getTime() - hoursAgo * HOUR_MS), table],
  );
  return recordId;
}

const setState = (recordId: string, state: string, reason: HoldReason | null) =>
  database.query('UPDATE source_records SET state = $2, hold_reason = $3 WHERE record_id = $1', [
    recordId,
    state,
    reason,
  ]);

function open(changes: Partial<AlertRules> = {}, given: Readonly<Record<string, AlertSender>> = {}) {
  const rules = makeAlertRules(changes);
  let now = NOW;
  const sent: { readonly channel: string; readonly messageId: string; readonly lines: readonly string[] }[] = [];
  const senders = rules.channels.map(({ name }): [string, AlertSender] => [
    name,
    given[name] ?? {
      send: async ({ messageId, content }) => {
        const lines = content.groups.map(({ subject, count }) => `${count} ${subject}`);
        sent.push({ channel: name, messageId, lines });
      },
    },
  ]);
  const activities = createAlertActivities({
    ledger: createAlertLedger(database),
    rules,
    clock: { now: () => now },
    deskUrl: DESK,
    findCauses: createFindCauses(database, { ...rules, readsFeeds: true, flows: ['shipments', 'stock'] }),
    senders: new Map(senders),
    log: { warn: () => undefined },
  });
  return {
    ...activities,
    sent,
    passTo: (time: Date) => {
      now = time;
    },
    /** As the workflow does it. */
    run: async () => {
      for (const { messageId } of await activities.planAlerts()) await activities.sendAlert(messageId);
      return sent.map(({ lines }) => lines.join(', '));
    },
  };
}

it('each owner is told of a deal that several of them hold up', async () => {
  const recordId = await hold('no-currency', 'QUO-1');
  await database.query(`UPDATE source_records SET other_hold_reasons = '{customer-blocked,later-version}'`);
  const { run, sent } = open();
  await run();
  const told = sent.flatMap(({ lines }) => lines);
  expect(told.sort()).toEqual(['1 customer-blocked', '1 internal-error', '1 no-currency']);
  await setState(recordId, 'reading', null);
});

describe('a channel that says for how long it is to be left alone', () => {
  it('is given nothing until then, neither the same message nor another one', async () => {
    await hold('not-won', 'QUO-1');
    await hold('customer-missing', 'QUO-2');
    const asked: string[] = [];
    const send = async ({ messageId }: { readonly messageId: string }) => {
      asked.push(messageId);
      throw new AlertError('teams', 'HTTP 429', 150_000);
    };
    const alerts = open({}, { all: { send } });
    const planned = await alerts.planAlerts();
    expect(planned).toHaveLength(2);
    const [first, second] = planned.map(({ messageId }) => messageId);
    expect(await alerts.sendAlert(first ?? '')).toEqual({ kind: 'failed' });
    for (const messageId of [first, second])
      expect(await alerts.sendAlert(messageId ?? '')).toEqual({ kind: 'not-mine' });
    expect(asked).toEqual([first]);
    await database.query('UPDATE alert_messages SET not_before = now()');
    expect(await alerts.sendAlert(second ?? '')).toEqual({ kind: 'failed' });
  });
});

describe('a message that only some of its receivers get', () => {
  it('counts as sent, and the ledger keeps that somebody was not told', async () => {
    await hold('not-won', 'QUO-1');
    const [name] = makeAlertRules({}).channels.map((channel) => channel.name);
    const partly = open({}, { [name ?? '']: { send: async () => '1 of 2 receivers refused' } });
    for (const { messageId } of await partly.planAlerts())
      expect(await partly.sendAlert(messageId)).toEqual({ kind: 'sent' });
    expect(await partly.planAlerts()).toEqual([]);
    const { rows } = await database.query('SELECT sent_at IS NOT NULL AS sent, last_error FROM alert_messages');
    expect(rows).toEqual([{ sent: true, last_error: '1 of 2 receivers refused' }]);
  });
});

describe('a cause', () => {
  it('is said once, however often the steps run, and by as many workers as there are', async () => {
    await hold('customer-missing', 'QUO-1');
    await hold('customer-missing', 'QUO-2');
    const alerts = open();
    const [one, two] = await Promise.all([alerts.planAlerts(), alerts.planAlerts()]);
    expect(one).toHaveLength(1);
    expect(two).toEqual(one);
    const messageId = one?.[0]?.messageId ?? '';
    const outcomes = await Promise.all([alerts.sendAlert(messageId), alerts.sendAlert(messageId)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['not-mine', 'sent']);
    expect(await alerts.sendAlert(messageId)).toEqual({ kind: 'not-mine' });
    expect(await alerts.planAlerts()).toEqual([]);
    expect(alerts.sent).toMatchObject([{ messageId, lines: ['2 customer-missing'] }]);
  });

  it('names an opportunity by the beginning of its id, since its topic may name people', async () => {
    const recordId = await hold('not-won', 'Offer for Mrs Brown', 25, 'opportunity');
    await hold('not-won', 'QUO-1');
    await open().planAlerts();
    const { rows } = await database.query<{ content: AlertContent }>('SELECT content FROM alert_messages');
    const numbers = rows.flatMap(({ content }) => content.groups.flatMap((group) => group.numbers));
    expect([...new Set(numbers)].sort()).toEqual(['QUO-1', `opportunity ${recordId.slice(0, 8)}`]);
    expect(JSON.stringify(rows)).not.toContain('Brown');
  });

  it('that this version does not know is one of ours, and silences no other (I13)', async () => {
    await hold('held by a later version' as HoldReason, 'QUO-1');
    await hold('customer-missing', 'QUO-2');
    const lines = (await open().run()).join(', ').split(', ').sort();
    expect(lines).toEqual(['1 customer-missing', '1 internal-error']);
  });

  it('that comes later is a message of its own, without what was said', async () => {
    await hold('not-won', 'QUO-1');
    const alerts = open();
    await alerts.run();
    await hold('no-lines', 'QUO-2', 2);
    await hold('not-won', 'QUO-3', 1);
    expect(await alerts.run()).toEqual(['1 not-won', '1 no-lines, 1 not-won']);
  });

  it('is the same when a retry ends in the same hold, and a new one when it was over for an hour', async () => {
    const recordId = await hold('not-won', 'QUO-1');
    const alerts = open();
    await alerts.run();
    await setState(recordId, 'reading', null);
    await alerts.run();
    await setState(recordId, 'held', 'not-won');
    expect(await alerts.run()).toHaveLength(1);
    await setState(recordId, 'reading', null);
    await database.query(`UPDATE alert_causes SET seen_at = now() - interval '61 minutes'`);
    await alerts.run();
    await setState(recordId, 'held', 'not-won');
    expect(await alerts.run()).toEqual(['1 not-won', '1 not-won']);
  });

  it('that still stands after a long pause of ours is not said again', async () => {
    await hold('not-won', 'QUO-1');
    const alerts = open();
    await alerts.run();
    await database.query(`UPDATE alert_causes SET seen_at = now() - interval '3 days'`);
    expect(await alerts.run()).toHaveLength(1);
  });

  it('of each kind is found: waiting, feed, credential, lane, trail', async () => {
    await hold('not-won', 'QUO-1', 25);
    await database.query(
      `INSERT INTO source_records (record_id, source_table, state, record_number, changed_at)
       VALUES (gen_random_uuid(), 'quote', 'awaiting-confirmation', 'QUO-1', now() - interval '25 hours'),
         (gen_random_uuid(), 'quote', 'awaiting-confirmation', 'QUO-2', now() - interval '23 hours')`,
    );
    await database.query(
      `INSERT INTO sales_feeds (source_table, caught_up_at, paused_at, opened_at) VALUES
         ('opportunity', $1::timestamptz - interval '31 minutes', NULL, $1::timestamptz - interval '3 days'),
         ('quote', $1::timestamptz - interval '29 minutes', NULL, $1::timestamptz - interval '3 days'),
         ('salesorder', $1::timestamptz - interval '2 days', now(), $1::timestamptz - interval '3 days'),
         ('account', NULL, NULL, $1::timestamptz - interval '31 minutes'),
         ('contact', NULL, NULL, $1::timestamptz - interval '29 minutes')`,
      [NOW],
    );
    const [known, unknown] = [randomUUID(), randomUUID()];
    // Nobody has ever read the second to its end.
    await database.query(
      `INSERT INTO invoice_feeds (company_id, watermark, read_at, opened_at) VALUES
         ($1, now(), now() - interval '31 minutes', now() - interval '3 days'),
         ($2, now(), NULL, now() - interval '31 minutes'), (gen_random_uuid(), now(), now(), now())`,
      [known, unknown],
    );
    await database.query(
      `INSERT INTO environments (system, address, identity, registered_by) VALUES ('business-central', 'https://bc',
         jsonb_build_object('v', 1, 'facts', jsonb_build_object('companyId', $1::text, 'companyName', 'Nordwerk')), 'Ann')`,
      [known],
    );
    await database.query(
      `INSERT INTO credentials (name, generation, kind, key_id, sealed, expires_at, set_by) VALUES
         ('dataverse', 1, 'certificate', 'k', '', now() + interval '1 day', 'Ann'),
         ('dataverse', 2, 'certificate', 'k', '', now() + interval '300 days', 'Ann'),
         ('business-central', 1, 'certificate', 'k', '', now() + interval '29 days', 'Ann')`,
    );
    await database.query(
      `INSERT INTO paused_lanes (system, address, paused_since, problem) VALUES
         ('dataverse', 'https://org', now(), 'invalid_client'),
         ('business-central', 'app registration a', now(), 'invalid_client'),
         ('business-central', 'app registration b', now(), 'invalid_client')`,
    );
    await database.query(`INSERT INTO trail_findings (chain, kind, position) VALUES ('c', 'altered', 3)`);
    const day = new Date(Date.now() + 29 * 24 * HOUR_MS).toISOString().slice(0, 10);
    expect((await open().run()).join(', ').split(', ').sort()).toEqual(
      [
        '1 a hold for more than 24 h',
        `1 business-central: on ${day}`,
        '1 altered',
        '1 confirmation for more than 24 h',
        '1 dataverse at https://org',
        '1 business-central at app registration a',
        '1 business-central at app registration b',
        '1 invoices of Nordwerk',
        `1 invoices of ${unknown}`,
        '1 not-won',
        '1 account of Sales',
        '1 opportunity of Sales',
      ].sort(),
    );
  });
});

describe('what nothing waits for any more', () => {
  it('is no alert: the feed of a company that the rules name no more', async () => {
    const [named, left] = [randomUUID(), randomUUID()];
    await database.query(
      `INSERT INTO invoice_feeds (company_id, watermark, opened_at)
       SELECT id, now(), now() - interval '31 minutes' FROM unnest($1::uuid[]) AS id`,
      [[named, left]],
    );
    await recordNamedCompanies(database, [named]);
    expect(await open().run()).toEqual([`1 invoices of ${named}`]);
    await recordNamedCompanies(database, [named, left]);
    expect(await open().run()).toEqual([`1 invoices of ${left}`]);
    await recordNamedCompanies(database, []);
    expect(await createLedger(database).listBusinessCentralFeeds()).toEqual([]);
  });

  it('nor is a lane that no worker asks, such as that of an app registration that was replaced', async () => {
    const lanes = createPausedLaneLedger(database);
    const lane = { system: 'dataverse', address: 'app registration old', pausedSince: NOW, problem: 'no' } as const;
    expect(await lanes.pause(lane)).toBe(true);
    const age = () => database.query(`UPDATE paused_lanes SET refused_at = refused_at - interval '50 minutes'`);
    await age();
    // Told with every refusal.
    expect(await lanes.pause(lane)).toBe(false);
    await age();
    expect(await lanes.list()).toHaveLength(1);
    await age();
    expect(await lanes.list()).toEqual([]);
    expect(await open().run()).toEqual([]);
    expect((await readWatchedLedger(database, [])).pausedLanes).toEqual(new Map());
    expect(await lanes.pause({ ...lane, problem: 'again' })).toBe(true);
    expect(await lanes.list()).toMatchObject([{ problem: 'again' }]);
    expect(await open().run()).toEqual(['1 dataverse at app registration old']);
  });
});

describe('a digest', () => {
  it('comes once a day to each owner, with what stands then', async () => {
    await hold('not-won', 'QUO-1');
    await hold('period-closed', 'QUO-2');
    const alerts = open({ channels: [makeChannel({ send: 'daily' })] });
    alerts.passTo(new Date('2026-03-31T07:59:00Z'));
    expect(await alerts.run()).toEqual([]);
    alerts.passTo(new Date('2026-03-31T08:00:00Z'));
    await alerts.run();
    await hold('not-won', 'QUO-3');
    expect((await alerts.run()).sort()).toEqual(['1 not-won', '1 period-closed']);
    alerts.passTo(new Date('2026-04-01T08:00:00Z'));
    expect((await alerts.run()).slice(2).sort()).toEqual(['1 period-closed', '2 not-won']);
  });
});

describe('a digest that its channel does not take for days', () => {
  const daily = makeChannel({ send: 'daily' });
  function openBroken() {
    const mails: { readonly id: string; readonly lines: string }[] = [];
    let isDown = true;
    const send = async ({ messageId, content }: Parameters<AlertSender['send']>[0]) => {
      if (isDown) throw new AlertError('channel', 'away');
      mails.push({
        id: messageId,
        lines: content.groups.map(({ subject, count }) => `${count} ${subject}`).join(', '),
      });
      return undefined;
    };
    const alerts = open({ channels: [daily] }, { [daily.name]: { send } });
    const runAt = async (time: string) => {
      alerts.passTo(new Date(time));
      await alerts.run();
      return mails.map(({ lines }) => lines);
    };
    return { runAt, isBack: () => (isDown = false) };
  }

  it('comes once, with what stands when it is taken', async () => {
    const { runAt, isBack } = openBroken();
    const recordId = await hold('not-won', 'QUO-1');
    await hold('period-closed', 'QUO-2');
    await runAt('2026-03-30T08:00:00Z');
    await runAt('2026-03-31T08:00:00Z');
    await setState(recordId, 'reading', null);
    await hold('period-closed', 'QUO-3');
    isBack();
    // Before the digest of the day.
    expect(await runAt('2026-04-01T05:00:00Z')).toEqual(['2 period-closed']);
    expect(await runAt('2026-04-01T08:00:00Z')).toEqual(['2 period-closed', '2 period-closed']);
    expect(await runAt('2026-04-01T08:01:00Z')).toHaveLength(2);
  });

  it('is that of today once today has one', async () => {
    const { runAt, isBack } = openBroken();
    await hold('not-won', 'QUO-1');
    await runAt('2026-03-30T08:00:00Z');
    isBack();
    expect(await runAt('2026-03-31T08:00:00Z')).toEqual(['1 not-won']);
    expect(await runAt('2026-03-31T20:00:00Z')).toHaveLength(1);
  });
});

describe('a message of what is new that its channel does not take for hours', () => {
  function openBroken() {
    const mails: string[] = [];
    let isDown = true;
    const send = async ({ content }: Parameters<AlertSender['send']>[0]) => {
      if (isDown) throw new AlertError('channel', 'away');
      const lines = content.groups.map(({ subject, numbers }) => `${subject} ${numbers.join(' ')}`);
      mails.push([content.title, ...lines].join(', '));
      return undefined;
    };
    return { ...open({}, { all: { send } }), mails, isBack: () => (isDown = false) };
  }

  it('says what still stands of it when it leaves, and what came meanwhile comes in the next one', async () => {
    const { run, mails, isBack } = openBroken();
    const over = await hold('not-won', 'QUO-1', 3);
    await hold('not-won', 'QUO-2', 2);
    await run();
    await setState(over, 'reading', null);
    await hold('no-lines', 'QUO-3', 1);
    await run();
    isBack();
    await run();
    expect(mails).toEqual(['Dealbridge: 1 new for seller, not-won QUO-2']);
    await run();
    expect(mails.slice(1)).toEqual(['Dealbridge: 1 new for seller, no-lines QUO-3']);
    // It was never told.
    await setState(over, 'held', 'not-won');
    await run();
    expect(mails.slice(2)).toEqual(['Dealbridge: 1 new for seller, not-won QUO-1']);
    await run();
    expect(mails).toHaveLength(3);
  });

  it('does not come at all when nothing of it stands any more', async () => {
    const { run, mails, isBack } = openBroken();
    const over = await hold('not-won', 'QUO-1');
    await run();
    await setState(over, 'reading', null);
    isBack();
    await run();
    expect(mails).toEqual([]);
    expect((await readWatchedLedger(database, [])).waitingAlerts).toBe(0);
    await setState(over, 'held', 'not-won');
    await run();
    expect(mails).toEqual(['Dealbridge: 1 new for seller, not-won QUO-1']);
  });

  it('stays as it is while somebody may be taking it', async () => {
    const recordId = await hold('not-won', 'QUO-1');
    const alerts = open();
    const [planned] = await alerts.planAlerts();
    const ledger = createAlertLedger(database);
    expect(await ledger.claim(planned?.messageId ?? '')).toBeDefined();
    await setState(recordId, 'reading', null);
    await alerts.planAlerts();
    await ledger.recordSent(planned?.messageId ?? '');
    await setState(recordId, 'held', 'not-won');
    expect(await alerts.planAlerts()).toEqual([]);
  });
});

describe('a message for an owner whom its channel has no more', () => {
  it('is not sent, and goes after an hour', async () => {
    await hold('not-won', 'QUO-1');
    await hold('period-closed', 'QUO-2');
    const channel = makeChannel({ owners: ['seller', 'finance'] });
    const failing = { send: () => Promise.reject(new AlertError('channel', 'away')) };
    await open({ channels: [channel] }, { [channel.name]: failing }).run();
    const { run } = open({ channels: [{ ...channel, owners: ['seller'] }] });
    expect(await run()).toEqual(['1 not-won']);
    await database.query(`UPDATE alert_messages SET planned_at = now() - interval '61 minutes'`);
    expect(await run()).toEqual(['1 not-won']);
    const { rows } = await database.query('SELECT owner FROM alert_messages');
    expect(rows).toEqual([{ owner: 'seller' }]);
    expect((await database.query('SELECT cause FROM alert_causes')).rows).toHaveLength(1);
  });
});

describe('a dead mail server', () => {
  const mail = makeChannel({ name: 'mail', by: 'mail', to: ['ann@contoso.example'] });
  const channels = [mail, makeChannel({ name: 'teams' })];
  const sender = () =>
    createMailSender({
      smtpUrl: `smtp://127.0.0.1:${mailServer.port}`,
      from: 'dealbridge@contoso.example',
      to: mail.to,
      limitMs: 2_000,
    });

  it('keeps no other channel waiting, and later gets in two messages what it missed', async () => {
    mailServer.behaviour = 'refuses';
    const before = mailServer.mails.length;
    await hold('not-won', 'QUO-1');
    const alerts = open({ channels }, { mail: sender() });
    await alerts.run();
    await hold('not-won', 'QUO-2', 2);
    await hold('not-won', 'QUO-3', 1);
    await alerts.run();
    expect(alerts.sent.map(({ channel, lines }) => [channel, ...lines])).toEqual([
      ['teams', '1 not-won'],
      ['teams', '2 not-won'],
    ]);
    const { rows } = await database.query(
      'SELECT times_asked, last_error, asked_at FROM alert_messages WHERE sent_at IS NULL',
    );
    expect(rows).toEqual([{ times_asked: 2, last_error: 'EENVELOPE', asked_at: null }]);
    mailServer.behaviour = 'takes';
    await alerts.run();
    await alerts.run();
    await alerts.run();
    const texts = mailServer.mails.slice(before).map(({ data }) => /QUO-\d(?:, QUO-\d)*/.exec(data)?.[0]);
    expect(texts).toEqual(['QUO-1', 'QUO-2, QUO-3']);
  });

  it('an attempt whose process died is taken up by another, under the same id, when it is certainly over', async () => {
    await hold('not-won', 'QUO-1');
    const alerts = open();
    const [planned] = await alerts.planAlerts();
    const ledger = createAlertLedger(database);
    expect(await ledger.claim(planned?.messageId ?? '')).toBeDefined();
    expect(await alerts.run()).toEqual([]);
    await database.query(`UPDATE alert_messages SET asked_at = now() - interval '121 seconds'`);
    expect(await alerts.run()).toEqual(['1 not-won']);
    expect(alerts.sent).toMatchObject([{ messageId: planned?.messageId }]);
  });

  it('a fault of ours is no refusal: it is not put down to the channel', async () => {
    await hold('not-won', 'QUO-1');
    const broken: AlertSender = { send: () => Promise.reject(new TypeError('a bug')) };
    const alerts = open({}, { all: broken });
    await expect(alerts.run()).rejects.toThrow('a bug');
    const refusing: AlertSender = { send: () => Promise.reject(new AlertError('webhook', 'HTTP 500')) };
    await database.query('UPDATE alert_messages SET asked_at = NULL');
    await open({}, { all: refusing }).run();
    const { rows } = await database.query('SELECT last_error FROM alert_messages');
    expect(rows).toEqual([{ last_error: 'HTTP 500' }]);
  });
});

describe('a channel that the rules name no more', () => {
  const anHourLater = () => database.query(`UPDATE alert_messages SET planned_at = planned_at - interval '61 minutes'`);

  it('leaves nothing that waits for ever', async () => {
    const refusing: AlertSender = { send: () => Promise.reject(new AlertError('webhook', 'HTTP 410')) };
    await hold('not-won', 'QUO-1');
    await open({ channels: [makeChannel({ name: 'old' }), makeChannel()] }, { old: refusing }).run();
    const waiting = async () => (await readWatchedLedger(database, [])).waitingAlerts;
    expect(await waiting()).toBe(1);
    // A worker of before may still go by it.
    expect(await open({ channels: [makeChannel()] }).run()).toEqual([]);
    expect(await waiting()).toBe(1);
    await anHourLater();
    expect(await open({ channels: [makeChannel()] }).run()).toEqual([]);
    expect(await waiting()).toBe(0);
    // Named again it hears of what it was never told, as under a new name.
    const named = open({ channels: [makeChannel({ name: 'old' }), makeChannel()] });
    expect(await named.run()).toEqual(['1 not-won']);
  });

  it('nor does the last one', async () => {
    const refusing: AlertSender = { send: () => Promise.reject(new AlertError('webhook', 'HTTP 410')) };
    await hold('not-won', 'QUO-1');
    await open({}, { all: refusing }).run();
    await anHourLater();
    await open({ channels: [] }).run();
    expect((await readWatchedLedger(database, [])).waitingAlerts).toBe(0);
  });
});

describe('the audit trail', () => {
  it('is proved as a whole; a break is an alert, until a proof finds it no more', async () => {
    const { checkTrail } = createCheckTrail(database, []);
    const recordId = randomUUID();
    await createLedger(database).audit({ recordId, actor: 'test', action: 'retry' });
    const proofAge = async () => (await readWatchedLedger(database, [])).trailProofAgeSeconds;
    await database.query('ALTER TABLE audit_entries DISABLE TRIGGER USER');
    await database.query(`UPDATE audit_entries SET at = at - interval '216 hours'`);
    // Nobody has proved it: that nothing was found says nothing.
    expect(await proofAge()).toBeGreaterThan(9 * 86_000);
    await database.query(`UPDATE audit_entries SET at = at + interval '216 hours'`);
    expect(await checkTrail()).toMatchObject({ findings: 0 });
    expect(await proofAge()).toBeLessThan(3_600);
    await database.query(`UPDATE audit_entries SET action = 'other' WHERE record_id = $1`, [recordId]);
    expect(await checkTrail()).toMatchObject({ findings: 1 });
    expect(await checkTrail()).toMatchObject({ findings: 1 });
    const alerts = open();
    await alerts.run();
    expect(await alerts.run()).toEqual(['1 altered']);
    await database.query(`UPDATE audit_entries SET action = 'retry' WHERE record_id = $1`, [recordId]);
    expect(await checkTrail()).toMatchObject({ findings: 0 });
    const { rows } = await database.query('SELECT * FROM trail_findings');
    expect(rows).toEqual([]);
  });
});

describe('a message that a channel refused before its quiet hours', () => {
  it('waits until they end', async () => {
    await hold('customer-missing', 'QUO-1');
    let isDown = true;
    const asked: string[] = [];
    const send = async ({ messageId }: { readonly messageId: string }) => {
      asked.push(messageId);
      if (isDown) throw new AlertError('mail', 'no answer in time');
      return undefined;
    };
    const alerts = open({ quietHours: { from: '20:00', to: '07:00', weekends: false } }, { all: { send } });
    alerts.passTo(new Date('2026-03-31T19:59:00Z'));
    await alerts.run();
    isDown = false;
    alerts.passTo(new Date('2026-03-31T23:00:00Z'));
    await alerts.run();
    expect(asked).toHaveLength(1);
    alerts.passTo(new Date('2026-04-01T07:00:00Z'));
    await alerts.run();
    expect(asked).toHaveLength(2);
  });
});

describe('a flow whose column is unfit', () => {
  const note = (flow: string, companyId: string, reason: string) =>
    database.query(
      `INSERT INTO flow_rows (flow, company_id, source_id, etag, content, state, reason) VALUES ($1, $2, $3, 'e', '{}', 'noted', $4)`,
      [flow, companyId, randomUUID(), reason],
    );

  it('is told to IT once, however much it does not carry, and no longer when it is carried, paused or switched off', async () => {
    const companyId = randomUUID();
    for (const flow of ['shipments', 'stock', 'creditMemos'])
      await database.query('INSERT INTO flows (flow, company_id, watermark) VALUES ($1, $2, now())', [flow, companyId]);
    await note('shipments', companyId, 'column-unfit');
    await note('shipments', companyId, 'column-unfit');
    // Of one thing alone, and of a flow that the rules do not name.
    await note('shipments', companyId, 'several-invoices');
    await note('creditMemos', companyId, 'column-unfit');
    const alerts = open();
    await alerts.planAlerts();
    const { rows } = await database.query<{ content: { v: number } }>('SELECT owner, content FROM alert_messages');
    expect(rows).toMatchObject([{ owner: 'IT' }]);
    expect(JSON.stringify(rows)).toContain('dealbridge doctor');
    expect(await alerts.run()).toEqual(['1 shipments: column-unfit']);
    await note('stock', companyId, 'other-currency');
    expect((await alerts.run()).slice(1)).toEqual(['1 stock: other-currency']);
    const other = (name: string) => open({ channels: [makeChannel({ name })] }).run();
    await database.query(`UPDATE flow_rows SET state = 'carried', reason = NULL WHERE flow = 'shipments'`);
    expect(await other('second')).toEqual(['1 stock: other-currency']);
    await database.query(`UPDATE flows SET paused_at = now() WHERE flow = 'stock'`);
    expect(await other('third')).toEqual([]);
  });
});

describe('a flow that stands still', () => {
  const fail = (flow: string, companyId: string, minutesAgo: number) =>
    database.query(
      `INSERT INTO flows (flow, company_id, watermark, error, error_at) VALUES ($1, $2, now(), 'forbidden', $3)`,
      [flow, companyId, new Date(NOW.getTime() - minutesAgo * 60_000)],
    );

  it('is told to IT once it has for as long as a feed may be late, unless it is paused or switched off', async () => {
    const companyId = randomUUID();
    await fail('stock', companyId, makeAlertRules().feedMinutes + 1);
    await fail('creditMemos', companyId, makeAlertRules().feedMinutes + 1);
    await fail('shipments', companyId, 0);
    const alerts = open();
    expect(await alerts.run()).toEqual([expect.stringMatching(/^1 stock of .*stands still/)]);
    await database.query(`UPDATE flows SET paused_at = now() WHERE flow = 'stock'`);
    expect(await open({ channels: [makeChannel({ name: 'second' })] }).run()).toEqual([]);
  });

  it('does so since its first failure, until a round of it comes through', async () => {
    const companyId = randomUUID();
    const flows = createFlowLedger(database, companyId);
    const read = async () => {
      const select = 'SELECT error, error_at FROM flows WHERE company_id = $1';
      const [row] = (await database.query<{ error: string | null; error_at: Date | null }>(select, [companyId])).rows;
      return row;
    };
    const common = { name: 'stock', everyMinutes: 60, batchSize: 20, from: undefined, ruleHash: 'r' } as const;
    let isRefused = true;
    const carry = async () => {
      if (isRefused) throw new Error('refused');
      return { state: 'carried' as const };
    };
    const collect = async () => {
      const ids = { sourceId: 'item', targetId: randomUUID(), etag: randomUUID() };
      await flows.take('stock', [{ ...ids, recordId: undefined, values: {}, found: 'pending' }], { isEnd: true });
      return { found: 1 };
    };
    const steps = createFlowSteps({ flows, switchedOn: [{ ...common, collect, carry }] });
    const round = async () => {
      await steps.collectFlow({ companyId, flow: 'stock' });
      return steps.carryFlow({ companyId, flow: 'stock' });
    };
    await expect(round()).rejects.toThrow('refused');
    const first = await read();
    expect(first).toMatchObject({ error: 'refused' });
    await expect(round()).rejects.toThrow('refused');
    expect(await read()).toEqual(first);
    isRefused = false;
    expect(await round()).toMatchObject({ carried: 1 });
    expect(await read()).toEqual({ error: null, error_at: null });
  });
});

describe('two companies that were registered by the same name', () => {
  it('are both said to be late, and keep nobody from being told', async () => {
    for (const address of ['one', 'two']) {
      const companyId = randomUUID();
      await database.query(
        `INSERT INTO environments (system, address, identity, registered_by) VALUES ('business-central', $1, $2, 'test')`,
        [address, JSON.stringify({ v: 1, facts: { companyId, companyName: 'CRONUS' } })],
      );
      await database.query(`INSERT INTO invoice_feeds (company_id, watermark, opened_at) VALUES ($1, $2, $2)`, [
        companyId,
        new Date(NOW.getTime() - HOUR_MS),
      ]);
    }
    expect(await open().run()).toEqual(['2 invoices of CRONUS']);
  });
});

describe('a deal whose step is repeated and finds the same', () => {
  it('waits since it was held first, and no longer once it waits for something else', async () => {
    const recordId = await hold('period-closed', 'QUO-1');
    const ledger = createLedger(database);
    const held = { kind: 'held', reason: 'period-closed', text: 'the period is closed' } as const;
    await ledger.change(recordId, held);
    await database.query(`UPDATE source_records SET held_since = held_since - interval '25 hours'`);
    await ledger.change(recordId, { kind: 'state', state: 'confirmed' });
    await ledger.change(recordId, { ...held, isRepeated: true });
    const rules = { channels: [makeChannel({ kinds: ['waiting'] })] };
    expect(await open(rules).run()).toEqual(['1 a hold for more than 24 h']);
    await ledger.change(recordId, { ...held, reason: 'posting-setup' });
    const other = { channels: [makeChannel({ name: 'other', kinds: ['waiting'] })] };
    expect(await open(other).run()).toEqual([]);
  });
});
