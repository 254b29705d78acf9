import { randomUUID } from 'node:crypto';
import type { SalesEvent } from './actions.js';

export interface WebhookRegistration {
  readonly url: string;
  /** HttpHeader sends `name: value`, WebhookKey appends `?code=value` (reference 5.1). */
  readonly authtype: 'HttpHeader' | 'WebhookKey';
  readonly name?: string;
  readonly value: string;
}

export interface Delivery {
  readonly message: string;
  readonly table: string;
  readonly recordId: string;
  readonly attempts: number;
  readonly status: number | 'failed';
}

export interface Sender {
  readonly organizationId: string;
  readonly userId: string;
  readonly host: string;
}

const TIMEOUT_MS = 60_000;
const CONTRACTS = 'http://schemas.microsoft.com/xrm/2011/Contracts';

/** Posts what happened to the registered endpoints: asynchronous, one more attempt only after 502, 503 and 504. */
export class Webhooks {
  readonly registrations: WebhookRegistration[] = [];
  readonly deliveries: Delivery[] = [];
  private readonly sender: Sender;
  private readonly underWay = new Set<Promise<void>>();

  constructor(sender: Sender) {
    this.sender = sender;
  }

  announce(event: SalesEvent): void {
    for (const registration of this.registrations) {
      const sending = this.deliver(registration, event).finally(() => this.underWay.delete(sending));
      this.underWay.add(sending);
    }
  }

  async settle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private async deliver(registration: WebhookRegistration, event: SalesEvent): Promise<void> {
    const body = JSON.stringify(toContext(event, this.sender));
    let attempts = 0;
    let status: Delivery['status'] = 'failed';
    do {
      attempts += 1;
      status = await post(registration, event, body, this.sender.host);
    } while (attempts < 2 && (status === 502 || status === 503 || status === 504));
    this.deliveries.push({ message: event.message, table: event.table, recordId: event.recordId, attempts, status });
  }
}

async function post(
  registration: WebhookRegistration,
  event: SalesEvent,
  body: string,
  host: string,
): Promise<Delivery['status']> {
  const url = new URL(registration.url);
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'x-ms-dynamics-organization': host,
    'x-ms-dynamics-entity-name': event.table,
    'x-ms-dynamics-request-name': event.message,
    'x-ms-correlation-request-id': randomUUID(),
  };
  if (registration.authtype === 'WebhookKey') url.searchParams.set('code', registration.value);
  else headers[registration.name ?? 'x-hook-key'] = registration.value;
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    // Dataverse leaves a failed system job behind; here the delivery says so.
    return 'failed';
  }
}

/** A RemoteExecutionContext (reference 5.4 to 5.6): Win, Lose, Close and Cancel have no primary id. */
function toContext(event: SalesEvent, sender: Sender): object {
  const zero = '00000000-0000-0000-0000-000000000000';
  return {
    BusinessUnitId: sender.organizationId,
    CorrelationId: randomUUID(),
    Depth: 1,
    InitiatingUserAgent: '',
    InitiatingUserAzureActiveDirectoryObjectId: zero,
    InitiatingUserId: sender.userId,
    InputParameters: event.close ? closeParameters(event, event.close) : [{ key: 'Target', value: target(event) }],
    IsExecutingOffline: false,
    IsInTransaction: false,
    IsOfflinePlayback: false,
    IsolationMode: 1,
    MessageName: event.message,
    Mode: 1,
    OperationCreatedOn: `/Date(${Date.now()}+0000)/`,
    OperationId: randomUUID(),
    OrganizationId: sender.organizationId,
    OrganizationName: `unq${sender.organizationId.slice(0, 8)}`,
    OutputParameters: event.message === 'Create' ? [{ key: 'id', value: event.recordId }] : [],
    OwningExtension: {
      Id: randomUUID(),
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
    UserId: sender.userId,
  };
}

function closeParameters(event: SalesEvent, close: NonNullable<SalesEvent['close']>): object[] {
  const attributes = [
    { key: 'subject', value: close.subject },
    { key: close.lookup, value: reference(event.table, event.recordId) },
  ];
  return [
    { key: close.parameter, value: entity(close.logicalName, '00000000-0000-0000-0000-000000000000', attributes) },
    { key: 'Status', value: { __type: `OptionSetValue:${CONTRACTS}`, Value: event.status ?? -1 } },
  ];
}

function target(event: SalesEvent): object {
  const attributes = (event.attributes ?? []).map((key) => ({ key, value: null }));
  return entity(event.table, event.recordId, [...attributes, { key: `${event.table}id`, value: event.recordId }]);
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
