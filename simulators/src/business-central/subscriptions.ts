import { randomUUID } from 'node:crypto';
import type { SimClock } from '../kernel/clock.js';
import { ENTITIES, entityOf } from './entities.js';
import { BcError, dialog } from './errors.js';
import type { Change, Row } from './store.js';
import type { Switches } from './switches.js';
import { type Body, checkValue, emptyRow, refuseReadOnly } from './values.js';

/**
 * Webhook subscriptions (reference/business-central 9): handshake, delay, merging, retries and removal, on the
 * simulators' clock.
 */

export interface SubscriptionSettings {
  delayMs: number;
  handshakeMs: number;
  answerMs: number;
  lifeMs: number;
  most: number;
  collectionAbove: number;
}

const RETRIES_S = [60, 60, 600, 6_000, 60_000] as const;
const NOT_SUBSCRIBABLE =
  /Lines$|^dimensionSetLines$|^taxAreas$|^taxGroups$|^companies$|^subscriptions$|^contactsInformation$|^documentAttachments$|^pdfDocument$/;

export interface Delivery {
  readonly url: string;
  readonly status: number | 'none';
  readonly changes: number;
  readonly at: string;
}

export class Subscriptions {
  readonly settings: SubscriptionSettings = {
    delayMs: 30_000,
    handshakeMs: 5_000,
    answerMs: 30_000,
    lifeMs: 3 * 86_400_000,
    most: 200,
    collectionAbove: 1_000,
  };
  readonly rows = new Map<string, Row>();
  readonly deliveries: Delivery[] = [];
  /** What each subscription has not been told yet, by its id. */
  private pending = new Map<string, Change[]>();
  private timer: (() => void) | undefined;
  private readonly running = new Set<Promise<void>>();
  private version = 0;
  private readonly clock: SimClock;
  private readonly switches: Switches;
  private readonly companyId: string;

  constructor(clock: SimClock, switches: Switches, companyId: string) {
    this.clock = clock;
    this.switches = switches;
    this.companyId = companyId;
  }

  list(): Row[] {
    for (const [id, row] of this.rows)
      if (Date.parse(String(row['expirationDateTime'])) <= this.clock.now()) this.rows.delete(id);
    return [...this.rows.values()];
  }

  find(id: string): Row {
    const row = this.list().find((one) => one['subscriptionId'] === id);
    if (!row) throw new BcError(404, 'Internal_RecordNotFound', 'The API Webhook Subscription does not exist.');
    return row;
  }

  async create(body: Body, userId: string): Promise<Row> {
    const given = this.check(body);
    if (this.list().length >= this.settings.most)
      throw dialog(`The number of subscriptions cannot exceed ${this.settings.most}.`);
    const id = String(given['subscriptionId'] || randomUUID().replaceAll('-', ''));
    if (this.rows.has(id)) {
      throw new BcError(
        400,
        'Internal_EntityWithSameKeyExists',
        `The record in table API Webhook Subscription already exists. Identification fields and values: Subscription Id='${id}'`,
      );
    }
    await this.shakeHands(String(given['notificationUrl']));
    const row: Row = { ...emptyRow(entityOf('subscriptions')), ...given, subscriptionId: id, userId };
    this.rows.set(id, row);
    // One of the same id that is gone may have left something unsent.
    this.pending.delete(id);
    return this.renewed(row, true);
  }

  async renew(row: Row, body: Body): Promise<Row> {
    const given = this.check({ notificationUrl: row['notificationUrl'], resource: row['resource'], ...body }, row);
    await this.shakeHands(String(given['notificationUrl']));
    const { subscriptionId } = row;
    Object.assign(row, given, { subscriptionId });
    return this.renewed(row, false);
  }

  private renewed(row: Row, isNew: boolean): Row {
    this.version += 1;
    const now = this.clock.date().toISOString();
    row['expirationDateTime'] = new Date(this.clock.now() + this.settings.lifeMs).toISOString();
    row['@odata.etag'] = `W/"${Buffer.from(`subscription;${this.version}`).toString('base64')}"`;
    Object.assign(row, { timestamp: this.version, lastModifiedDateTime: now, systemModifiedAt: now });
    if (isNew) row['systemCreatedAt'] = now;
    return row;
  }

  private check(body: Body, stored?: Row): Row {
    const entity = entityOf('subscriptions');
    const given: Row = {};
    for (const [name, raw] of Object.entries(body)) {
      given[name] = checkValue(entity, name, raw);
      if (entity.fields.get(name)?.isReadOnly && stored?.[name] !== given[name]) refuseReadOnly(name);
    }
    const url = String(given['notificationUrl'] ?? '');
    if (!/^https?:\/\//.test(url)) throw dialog('The notificationUrl is not a valid URL.');
    const set = setOf(String(given['resource'] ?? ''));
    if (!set || !ENTITIES.has(set) || NOT_SUBSCRIBABLE.test(set)) {
      throw dialog(`The resource '${String(given['resource'] ?? '')}' is not supported for webhooks.`);
    }
    return given;
  }

  /** The receiver answers 200 with the token as text within five seconds, or there is no subscription. */
  private async shakeHands(url: string): Promise<void> {
    const token = randomUUID();
    const target = new URL(url);
    target.searchParams.set('validationToken', token);
    const method = this.switches.handshakeMethod;
    let outcome = 'no answer';
    try {
      const answer = await fetch(target, { method, signal: AbortSignal.timeout(this.settings.handshakeMs) });
      const text = (await answer.text()).trim();
      if (answer.status === 200 && text === token) return;
      outcome = `${answer.status}`;
    } catch (error) {
      outcome = error instanceof Error ? error.name : String(error);
    }
    throw dialog(
      `The subscription validation request failed. Notification url ${url} must respond with 200-OK to a validation request with the validation token. (${outcome})`,
    );
  }

  /**
   * Notes a change for the subscriptions that live at that moment, so none hears of what was before it (codeunit 6153,
   * ProcessSubscriptions); it is sent thirty seconds after the first that was not sent yet.
   */
  note(change: Change): void {
    if (this.rows.size === 0) return;
    let isWanted = false;
    for (const row of this.list()) {
      if (setOf(String(row['resource'])) !== change.set) continue;
      const id = String(row['subscriptionId']);
      const changes = this.pending.get(id);
      if (changes) changes.push(change);
      else this.pending.set(id, [change]);
      isWanted = true;
    }
    if (!isWanted) return;
    this.timer ??= this.clock.after(this.settings.delayMs, () => {
      this.timer = undefined;
      const pending = this.pending;
      this.pending = new Map();
      this.start(pending);
    });
  }

  /** Waits until everything that is under way has been answered. */
  async settle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private start(pending: ReadonlyMap<string, Change[]>): void {
    const byUrl = new Map<string, { row: Row; changes: Change[] }[]>();
    for (const row of this.list()) {
      const changes = pending.get(String(row['subscriptionId']));
      if (!changes) continue;
      const url = String(row['notificationUrl']);
      byUrl.set(url, [...(byUrl.get(url) ?? []), { row, changes }]);
    }
    for (const [url, batch] of byUrl) this.run(this.deliver(url, batch, 0));
  }

  private run(work: Promise<void>): void {
    const running = work.finally(() => this.running.delete(running));
    this.running.add(running);
  }

  private async deliver(
    url: string,
    batch: readonly { row: Row; changes: Change[] }[],
    failures: number,
  ): Promise<void> {
    const live = batch.filter(({ row }) => this.rows.has(String(row['subscriptionId'])));
    if (live.length === 0) return;
    const value = live.flatMap(({ row, changes }) => this.toNotifications(row, changes));
    const status = await this.post(url, value);
    this.deliveries.push({ url, status, changes: value.length, at: this.clock.date().toISOString() });
    if (status !== 'none' && status >= 200 && status < 300) return;
    const isPassing = status === 'none' || status === 408 || status === 429 || status >= 500;
    const wait = RETRIES_S[failures];
    if (!isPassing || wait === undefined) {
      for (const { row } of live) this.rows.delete(String(row['subscriptionId']));
      return;
    }
    this.clock.after(wait * 1_000, () => this.run(this.deliver(url, live, failures + 1)));
  }

  private async post(url: string, value: readonly object[]): Promise<number | 'none'> {
    const correlation = randomUUID();
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          clientRequestId: correlation,
          'x-ms-correlation-id': correlation,
        },
        body: JSON.stringify({ value }),
        signal: AbortSignal.timeout(this.settings.answerMs),
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch (error) {
      if (error instanceof Error) return 'none';
      throw error;
    }
  }

  /**
   * An update joins the last notification of its entity when that is an update, too; created and deleted are kept, each
   * by itself (codeunit 6154, MergeIntoExistingUpdatedAggregateNotification); more than a thousand are a collection.
   */
  private toNotifications(row: Row, changes: readonly Change[]): object[] {
    const common = {
      subscriptionId: row['subscriptionId'],
      clientState: row['clientState'],
      expirationDateTime: row['expirationDateTime'],
    };
    const resource = String(row['resource']).replace(/^https?:\/\/[^/]+/, '');
    const merged: Change[] = [];
    const lastOf = new Map<string, number>();
    for (const change of changes) {
      const last = lastOf.get(change.id);
      if (change.type === 'updated' && last !== undefined && merged[last]?.type === 'updated') merged[last] = change;
      else lastOf.set(change.id, merged.push(change) - 1);
    }
    if (merged.length > this.settings.collectionAbove) {
      const first = new Date(Math.min(...changes.map((change) => change.at)) - 50).toISOString();
      const filter = `?$filter=lastModifiedDateTime%20gt%20${first}`;
      return [
        {
          ...common,
          resource: resource + filter,
          changeType: 'collection',
          lastModifiedDateTime: this.clock.date().toISOString(),
        },
      ];
    }
    return merged.map((change) => ({
      ...common,
      resource: `${resource}(${change.id})`,
      changeType: change.type,
      lastModifiedDateTime: new Date(change.at).toISOString(),
    }));
  }

  /** The runtime list that a client can ask before it subscribes. */
  supported(): object[] {
    return [...ENTITIES.keys()]
      .filter((set) => !NOT_SUBSCRIBABLE.test(set))
      .map((set) => ({ resource: `v2.0/${set}` }));
  }

  ofCompany(): string {
    return this.companyId;
  }
}

function setOf(resource: string): string | undefined {
  return (
    /(?:companies\([^)]*\)\/)([A-Za-z]+)\/?$/.exec(resource)?.[1] ??
    /api\/v2\.0\/([A-Za-z]+)(?:\?company=[^&]*)?$/.exec(resource)?.[1]
  );
}
