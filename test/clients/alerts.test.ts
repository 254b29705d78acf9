import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { codeOf } from '../../src/clients/alerts/channel.js';
import { createMailSender } from '../../src/clients/alerts/mail.js';
import { createTeamsSender } from '../../src/clients/alerts/teams.js';
import { createWebhookSender } from '../../src/clients/alerts/webhook.js';
import { CONTENT, DESK } from '../support/alerts.js';
import { type MailServer, startMailServer } from '../support/mail-server.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { createStoppedClock } from '../support/stopped-clock.js';

/** The three ways to people, each over a real connection. */

let server: MailServer;
let receiver: Receiver;
beforeAll(async () => {
  server = await startMailServer();
  receiver = await startReceiver();
});
afterEach(() => {
  server.behaviour = 'takes';
  receiver.status = 202;
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});

it('a receiver that does not answer in time is named so, and not by a number', async () => {
  const late = await fetch(DESK, { signal: AbortSignal.timeout(0) }).catch((error: unknown) => error);
  expect(codeOf(late)).toBe('no answer in time');
});

describe('by mail', () => {
  const addresses = { from: 'dealbridge@contoso.example', to: ['ann@contoso.example', 'bo@contoso.example'] };
  const sender = (host = '127.0.0.1', limitMs?: number) =>
    createMailSender({
      smtpUrl: `smtp://desk:p%40ss@${host}:${server.port}`,
      ...addresses,
      ...(limitMs !== undefined && { limitMs }),
    });

  it('every receiver gets counts, numbers and links as text, under an id that stays the same', async () => {
    const messageId = randomUUID();
    await sender().send({ messageId, content: CONTENT });
    const mail = server.mails.at(-1);
    expect(mail).toMatchObject(addresses);
    const data = mail?.data.replace(/=\r\n/g, '').replace(/=3D/g, '=') ?? '';
    expect(data).toContain('Subject: Dealbridge: 12 new for finance');
    expect(data).toContain(`Message-ID: <${messageId}@dealbridge>`);
    expect(data).toContain('OPP-1_a, OPP-2 and 10 more');
    expect(data).toContain(`${DESK}/?view=held&reason=period-closed`);
    expect(server.signIns.at(-1)).toBe('\0desk\0p@ss');
  });

  it('a refusal is told by its code, without an address', async () => {
    server.behaviour = 'refuses';
    const error = await sender()
      .send({ messageId: randomUUID(), content: CONTENT })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'alert-refused', reason: 'EENVELOPE', message: 'alert by mail: EENVELOPE' });
  });

  it('says how many of its receivers the server refused while it took the others', async () => {
    const message = { messageId: randomUUID(), content: CONTENT };
    const to = ['ann@contoso.example', 'gone@contoso.example'];
    const smtpUrl = `smtp://127.0.0.1:${server.port}`;
    expect(await createMailSender({ ...addresses, smtpUrl, to }).send(message)).toBe('1 of 2 receivers refused');
    expect(await sender().send(message)).toBeUndefined();
  });

  it('a server that says nothing is given up in time', async () => {
    server.behaviour = 'silent';
    const sent = sender('127.0.0.1', 200).send({ messageId: randomUUID(), content: CONTENT });
    await expect(sent).rejects.toMatchObject({ code: 'alert-refused' });
  });

  it('neither password nor content goes to another machine in the open', async () => {
    const [mails, signIns] = [server.mails.length, server.signIns.length];
    const sent = sender('127.0.0.2').send({ messageId: randomUUID(), content: CONTENT });
    await expect(sent).rejects.toMatchObject({ reason: 'ETLS' });
    expect([server.mails.length, server.signIns.length]).toEqual([mails, signIns]);
  });
});

describe('to Teams', () => {
  it('one message with one Adaptive Card, whose text nobody takes for Markdown and whose button opens the desk', async () => {
    await createTeamsSender(receiver.url).send({ messageId: randomUUID(), content: CONTENT });
    const { type, attachments } = JSON.parse(receiver.posted.at(-1)?.body ?? '');
    expect(type).toBe('message');
    expect(attachments).toMatchObject([{ contentType: 'application/vnd.microsoft.card.adaptive' }]);
    const card = attachments[0].content;
    expect(card).toMatchObject({
      type: 'AdaptiveCard',
      actions: [{ type: 'Action.OpenUrl', url: `${DESK}/` }],
    });
    const texts = card.body.map(({ text }: { readonly text: string }) => text);
    expect(texts).toEqual([
      'Dealbridge: 12 new for finance',
      `12 × [held: period-closed](${DESK}/?view=held&reason=period-closed)`,
      'OPP-1\\_a, OPP-2 and 10 more. Open the period; then retry.',
    ]);
  });

  it('a card is never larger than what Teams takes: what does not fit is counted, and stands at the desk', async () => {
    const [group] = CONTENT.groups;
    const groups = Array.from({ length: 120 }, (_, index) => ({ ...group, subject: `invoices of company ${index}` }));
    const content = { ...CONTENT, groups } as typeof CONTENT;
    await createTeamsSender(receiver.url).send({ messageId: randomUUID(), content });
    const body = receiver.posted.at(-1)?.body ?? '';
    expect(Buffer.byteLength(body)).toBeLessThan(28 * 1_024);
    const texts = JSON.parse(body).attachments[0].content.body.map(({ text }: { readonly text: string }) => text);
    const shown = (texts.length - 2) / 2;
    expect(shown).toBeGreaterThan(50);
    expect(texts.at(-1)).toBe(`and ${120 - shown} more, at the desk`);
  });

  it('an answer that is no success is a refusal, with how long it wants to be left alone', async () => {
    receiver.status = 429;
    receiver.retryAfter = '150';
    const sent = createTeamsSender(receiver.url).send({ messageId: randomUUID(), content: CONTENT });
    await expect(sent).rejects.toMatchObject({ code: 'alert-refused', reason: 'HTTP 429', retryAfterMs: 150_000 });
    delete receiver.retryAfter;
  });
});

describe('to any webhook', () => {
  it.each([
    ['a text', 'a-secret-of-24-characters', Buffer.from('a-secret-of-24-characters')],
    [
      'base64',
      `whsec_${Buffer.from('thirty-two bytes of a secret, ok').toString('base64')}`,
      Buffer.from('thirty-two bytes of a secret, ok'),
    ],
  ])('the receiver proves id, time and body by the secret, given as %s', async (_form, secret, key) => {
    const clock = createStoppedClock();
    const messageId = randomUUID();
    await createWebhookSender({ url: receiver.url, secret, clock }).send({ messageId, content: CONTENT });
    const { headers, body } = receiver.posted.at(-1) ?? { headers: {}, body: '' };
    expect(headers['webhook-id']).toBe(messageId);
    expect(headers['webhook-timestamp']).toBe(String(clock.now().getTime() / 1_000));
    const proof = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
    expect(headers['webhook-signature']).toBe(`v1,${proof.digest('base64')}`);
    expect(JSON.parse(body)).toEqual({ type: 'dealbridge.alert', ...CONTENT });
  });

  it('a redirect is not followed: the signature stays with its receiver', async () => {
    receiver.status = 307;
    const [before, url] = [receiver.posted.length, receiver.url];
    const sender = createWebhookSender({ url, secret: 'a-secret-of-24-characters', clock: createStoppedClock() });
    await expect(sender.send({ messageId: randomUUID(), content: CONTENT })).rejects.toMatchObject({
      reason: 'HTTP 307',
    });
    expect(receiver.posted.length).toBe(before + 1);
  });

  it('a receiver that is not there is a refusal with its code', async () => {
    const gone = await startReceiver();
    await gone.close();
    const sent = createTeamsSender(gone.url).send({ messageId: randomUUID(), content: CONTENT });
    await expect(sent).rejects.toMatchObject({ reason: 'ECONNREFUSED' });
  });
});
