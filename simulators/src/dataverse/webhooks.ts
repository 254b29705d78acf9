import { randomUUID } from 'node:crypto';
import { createRandom } from '../kernel/random.js';
import type { SalesEvent } from './actions.js';
import type { Value } from './store.js';

export interface WebhookRegistration {
  readonly url: string;
  /**
   * HttpHeader sends `name: value`, WebhookKey appends `?code=value`, HttpQueryString `?name=value`
   * (reference/dataverse-sales 5.1).
   */
  readonly authtype: 'HttpHeader' | 'WebhookKey' | 'HttpQueryString';
  readonly name?: string;
  readonly value: string;
  /**
   * The step: which message of which table, and on Update which sent columns. Without it, those of
   * reference/dataverse-sales 5.2.
   */
  readonly step?: {
    readonly id: string;
    readonly message: string;
    readonly table: string;
    readonly attributes: readonly string[];
  };
}

export interface Delivery {
  readonly message: string;
  readonly table: string;
  readonly recordId: string;
  readonly attempts: number;
  readonly status: number | 'failed' | 'dropped';
}

export interface Sender {
  readonly organizationId: () => string;
  /** The sales person, who does what no request does. */
  readonly userId: string;
  readonly host: string;
  /** A call that failed leaves a system job behind (state 31). */
  readonly onFailure: (registration: WebhookRegistration, event: SalesEvent, status: number | 'failed') => void;
}

/** What goes wrong on the way, on request: shares between 0 and 1, with a seeded sequence. */
export interface WebhookFaults {
  drop: number;
  double: number;
  /** So many calls are kept back and sent in reverse. */
  reorder: number;
}

const TIMEOUT_MS = 60_000;
const LARGEST = 256 * 1_024;
const SEED = 4_711;
const CONTRACTS = 'http://schemas.microsoft.com/xrm/2011/Contracts';

/** Posts what happened to the registered endpoints: asynchronous, one more attempt only after 502, 503 and 504. */
export class Webhooks {
  readonly registrations: WebhookRegistration[] = [];
  readonly deliveries: Delivery[] = [];
  readonly faults: WebhookFaults = { drop: 0, double: 0, reorder: 0 };
  private readonly sender: Sender;
  private readonly underWay = new Set<Promise<void>>();
  private readonly random = createRandom(SEED);
  private kept: (() => void)[] = [];

  constructor(sender: Sender) {
    this.sender = sender;
  }

  announce(event: SalesEvent): void {
    for (const registration of this.registrations) {
      if (!isWanted(registration, event)) continue;
      if (this.random() < this.faults.drop) {
        this.deliveries.push({
          message: event.message,
          table: event.table,
          recordId: event.recordId,
          attempts: 0,
          status: 'dropped',
        });
        continue;
      }
      const times = this.random() < this.faults.double ? 2 : 1;
      for (let time = 0; time < times; time += 1) this.schedule(() => this.send(registration, event));
    }
  }

  async settle(): Promise<void> {
    this.flush();
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private schedule(send: () => void): void {
    if (this.faults.reorder < 2) {
      send();
      return;
    }
    this.kept.push(send);
    if (this.kept.length >= this.faults.reorder) this.flush();
  }

  private flush(): void {
    const kept = this.kept;
    this.kept = [];
    for (const send of kept.reverse()) send();
  }

  private send(registration: WebhookRegistration, event: SalesEvent): void {
    const sending = this.deliver(registration, event).finally(() => this.underWay.delete(sending));
    this.underWay.add(sending);
  }

  private async deliver(registration: WebhookRegistration, event: SalesEvent): Promise<void> {
    const context = toContext(event, this.sender, registration.step?.id);
    let body = JSON.stringify(context);
    const isCut = Buffer.byteLength(body) > LARGEST;
    // What makes a context large is left out; the receiver reads the record (reference/dataverse-sales 5.7).
    if (isCut)
      body = JSON.stringify({
        ...context,
        ParentContext: null,
        InputParameters: null,
        PreEntityImages: null,
        PostEntityImages: null,
      });
    let attempts = 0;
    let status: number | 'failed' = 'failed';
    do {
      attempts += 1;
      status = await post(registration, event, body, this.sender.host, isCut);
    } while (attempts < 2 && (status === 502 || status === 503 || status === 504));
    this.deliveries.push({ message: event.message, table: event.table, recordId: event.recordId, attempts, status });
    if (status === 'failed' || status < 200 || status > 299) this.sender.onFailure(registration, event, status);
  }
}

const STATE: readonly string[] = ['statecode', 'statuscode'];

/** The steps that reference/dataverse-sales 5.2 recommends, when a registration names none. */
function isWanted({ step }: WebhookRegistration, event: SalesEvent): boolean {
  const sent = Object.keys(event.values ?? {});
  if (step) {
    if (step.message !== event.message || step.table !== event.table) return false;
    return (
      event.message !== 'Update' || step.attributes.length === 0 || step.attributes.some((name) => sent.includes(name))
    );
  }
  if (!['opportunity', 'quote', 'salesorder'].includes(event.table)) return false;
  if (event.message === 'Create') return event.table === 'salesorder';
  if (event.message === 'Update') return STATE.some((name) => sent.includes(name));
  return event.message !== 'Delete';
}

async function post(
  registration: WebhookRegistration,
  event: SalesEvent,
  body: string,
  host: string,
  isCut: boolean,
): Promise<number | 'failed'> {
  const url = new URL(registration.url);
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'x-ms-dynamics-organization': host,
    'x-ms-dynamics-entity-name': event.table,
    'x-ms-dynamics-request-name': event.message,
    'x-ms-correlation-request-id': randomUUID(),
    ...(isCut && { 'x-ms-dynamics-msg-size-exceeded': 'true' }),
  };
  if (registration.authtype === 'WebhookKey') url.searchParams.set('code', registration.value);
  else if (registration.authtype === 'HttpQueryString')
    url.searchParams.set(registration.name ?? 'key', registration.value);
  else headers[registration.name ?? 'x-hook-key'] = registration.value;
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    if (error instanceof Error) return 'failed';
    throw error;
  }
}

/** A RemoteExecutionContext (reference/dataverse-sales 5.4 to 5.6): Win, Lose, Close and Cancel have no primary id. */
function toContext(event: SalesEvent, sender: Sender, stepId: string | undefined): object {
  const zero = '00000000-0000-0000-0000-000000000000';
  return {
    BusinessUnitId: sender.organizationId(),
    CorrelationId: randomUUID(),
    Depth: 1,
    InitiatingUserAgent: '',
    InitiatingUserAzureActiveDirectoryObjectId: zero,
    InitiatingUserId: event.userId ?? sender.userId,
    InputParameters: event.close ? closeParameters(event, event.close) : [{ key: 'Target', value: target(event) }],
    IsExecutingOffline: false,
    IsInTransaction: false,
    IsOfflinePlayback: false,
    IsolationMode: 1,
    MessageName: event.message,
    Mode: 1,
    OperationCreatedOn: `/Date(${Date.now()}+0000)/`,
    OperationId: randomUUID(),
    OrganizationId: sender.organizationId(),
    OrganizationName: `unq${sender.organizationId().slice(0, 8)}`,
    OutputParameters: event.message === 'Create' ? [{ key: 'id', value: event.recordId }] : [],
    OwningExtension: {
      Id: stepId ?? randomUUID(),
      KeyAttributes: [],
      LogicalName: 'sdkmessageprocessingstep',
      Name: null,
      RowVersion: null,
    },
    ParentContext: null,
    PostEntityImages: [],
    PreEntityImages: [],
    PrimaryEntityId: event.close ? zero : event.recordId,
    PrimaryEntityName: event.table,
    RequestId: null,
    SecondaryEntityName: 'none',
    SharedVariables: [],
    Stage: 40,
    UserAzureActiveDirectoryObjectId: zero,
    UserId: event.userId ?? sender.userId,
  };
}

function closeParameters(event: SalesEvent, close: NonNullable<SalesEvent['close']>): object[] {
  const attributes = Object.entries(close.values).map(([key, value]) =>
    key === close.lookup ? { key, value: reference(event.table, event.recordId) } : attribute(key, value),
  );
  return [
    { key: close.parameter, value: entity(close.logicalName, '00000000-0000-0000-0000-000000000000', attributes) },
    { key: 'Status', value: { __type: `OptionSetValue:${CONTRACTS}`, Value: event.status ?? -1 } },
  ];
}

function target(event: SalesEvent): object {
  if (event.message === 'Delete') return reference(event.table, event.recordId);
  const attributes = Object.entries(event.values ?? {}).map(([key, value]) => attribute(key, value));
  return entity(event.table, event.recordId, [
    ...attributes.filter(({ key }) => key !== `${event.table}id`),
    { key: `${event.table}id`, value: event.recordId },
    { key: 'modifiedon', value: `/Date(${Date.now()})/` },
  ]);
}

const CHOICE = /code$|^statuscode$/;
const MONEY = /amount|price|revenue|^tax$|^estimatedvalue$|^actualvalue$/;
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Values as the data contract writes them (reference/dataverse-sales 5.4). */
function attribute(key: string, value: Value): { key: string; value: unknown } {
  if (value === null) return { key, value };
  if (typeof value === 'number' && CHOICE.test(key))
    return { key, value: { __type: `OptionSetValue:${CONTRACTS}`, Value: value } };
  if (typeof value === 'string' && MONEY.test(key))
    return { key, value: { __type: `Money:${CONTRACTS}`, Value: Number(value) } };
  if (typeof value === 'string' && GUID.test(value) && key.endsWith('id'))
    return { key, value: reference(key.replace(/id$/, ''), value) };
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value))
    return { key, value: `/Date(${Date.parse(value)})/` };
  return { key, value };
}

function entity(logicalName: string, id: string, attributes: object[]): object {
  return {
    __type: `Entity:${CONTRACTS}`,
    Attributes: attributes,
    EntityState: null,
    FormattedValues: [],
    Id: id,
    KeyAttributes: [],
    LogicalName: logicalName,
    RelatedEntities: [],
    RowVersion: null,
  };
}

function reference(logicalName: string, id: string): object {
  return {
    __type: `EntityReference:${CONTRACTS}`,
    Id: id,
    KeyAttributes: [],
    LogicalName: logicalName,
    Name: null,
    RowVersion: null,
  };
}
