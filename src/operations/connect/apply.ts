import { randomBytes } from 'node:crypto';
import type { SubscriptionClient } from '../../clients/business-central/subscriptions.js';
import type { Customizations } from '../../clients/dataverse/customizations.js';
import type { WebhookRegistration } from '../../clients/dataverse/webhook-registration.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { Actor } from '../../deal/actor.js';
import { BUSINESS_CENTRAL_WEBHOOK, subscriptionId } from '../../deal/business-central-feeds.js';
import { InternalError } from '../../deal/errors.js';
import { WEBHOOK_HEADER } from '../../deal/webhook-steps.js';
import type { ConnectStepLedger } from '../../ledger/settings/connect-steps.js';
import type { SystemCredential, Vault } from '../../ledger/settings/vault.js';
import { PUBLISHER, SOLUTION } from './found.js';
import { writePrivate } from './machine.js';
import { type ConnectStep, nameOfStep, type PlannedStep } from './steps.js';

/** Makes what is planned, step by step, each recorded before it is made. */

export interface Connecting {
  readonly vault: Vault;
  readonly record: ConnectStepLedger<ConnectStep>;
  readonly customizations: Customizations;
  readonly webhooks: WebhookRegistration;
  readonly subscriptions: SubscriptionClient;
  readonly language: number;
  readonly publicUrl: string | undefined;
  /** Of the two app registrations, where somebody has given them. */
  readonly secrets: Readonly<Partial<Record<SystemCredential, string>>>;
  /** The secret of the webhook is stored by then. */
  readonly getNoticeSecret: () => Promise<{ readonly clientState: string; readonly addressKey: string }>;
  readonly isStarterReachable: () => Promise<boolean>;
  readonly onStep: (step: PlannedStep) => void;
}

export interface Applied {
  readonly made: readonly string[];
  /** What somebody else makes, and when. */
  readonly left: readonly string[];
}

/** Forms, views and definitions of these are seen once they are published. */
const PUBLISHED: ReadonlySet<ConnectStep['kind']> = new Set(['form', 'view', 'tracking']);

export async function applyPlan(steps: readonly PlannedStep[], connecting: Connecting, actor: Actor): Promise<Applied> {
  const made: string[] = [];
  const left: string[] = [];
  const unpublished = new Set<string>();
  const publish = async (): Promise<void> => {
    if (unpublished.size > 0) await connecting.customizations.publish([...unpublished]);
    unpublished.clear();
  };
  for (const step of steps) {
    if (!PUBLISHED.has(step.kind)) await publish();
    const why = step.kind === 'subscription' ? await reasonToLeave(connecting) : undefined;
    if (why !== undefined) {
      left.push(`${nameOfStep(step)}: ${why}`);
      // It is ours, whoever makes it.
      await connecting.record.record(nameOfStep(step), step, actor);
      continue;
    }
    connecting.onStep(step);
    await makeRecorded(step, connecting, actor);
    if ((step.kind === 'form' || step.kind === 'view' || step.kind === 'tracking') && PUBLISHED.has(step.kind))
      unpublished.add(step.table);
    made.push(nameOfStep(step));
  }
  await publish();
  return { made, left };
}

async function makeRecorded(step: PlannedStep, connecting: Connecting, actor: Actor): Promise<void> {
  const { record } = connecting;
  const name = nameOfStep(step);
  if (step.kind === 'credential') {
    const { generation } = await storeCredential(step.name, connecting, actor);
    await record.record(name, { ...step, generation }, actor);
    return;
  }
  await record.record(name, withoutContent(step), actor);
  try {
    await make(step, connecting);
  } catch (error) {
    // What certainly was not made is not ours to take back.
    if (error instanceof RemoteApiError && error.wasNotDone) await record.forget(name);
    throw error;
  }
}

function withoutContent(step: PlannedStep): ConnectStep {
  if (step.kind !== 'file') return step;
  const { content: _content, ...recorded } = step;
  return recorded;
}

async function storeCredential(name: SystemCredential, { vault, secrets }: Connecting, actor: Actor) {
  const secret = name === 'webhook' ? randomBytes(32).toString('base64url') : secrets[name];
  if (secret === undefined) throw new InternalError(`the secret of ${name} was planned and is not there`);
  return vault.set({ name, credential: { kind: 'secret', secret }, actor, overlapHours: 24 });
}

async function make(step: PlannedStep, connecting: Connecting): Promise<void> {
  const { customizations, webhooks, language } = connecting;
  switch (step.kind) {
    case 'credential':
      throw new InternalError('a credential is stored before it is recorded');
    case 'publisher':
      return customizations.createPublisher({ ...step, name: PUBLISHER, title: 'Dealbridge' });
    case 'solution':
      return customizations.createSolution({ ...step, name: SOLUTION, title: SOLUTION });
    case 'column':
      return customizations.createColumn(step, language, SOLUTION);
    case 'form':
      return customizations.writeForm(step.id, step.after, SOLUTION);
    case 'view':
      return customizations.writeView(step.id, step.after, SOLUTION);
    case 'tracking':
      return customizations.trackChanges(step.table);
    case 'endpoint': {
      const key = await getWebhookSecret(connecting);
      return webhooks.createEndpoint({ ...step, name: 'Dealbridge', header: WEBHOOK_HEADER, key });
    }
    case 'endpoint-key':
      return webhooks.setKey(step.id, WEBHOOK_HEADER, await getWebhookSecret(connecting));
    case 'webhook-step': {
      if (step.before) return webhooks.changeStep(step.id, step.settings);
      const filter = await webhooks.findFilter(step.message, step.table);
      // Messages for old callers are not in every environment.
      if (!filter) return;
      const name = `Dealbridge: ${step.table} ${step.message}`;
      return webhooks.createStep({ ...step.settings, ...filter, id: step.id, name, endpointId: step.endpointId });
    }
    case 'subscription':
      return subscribe(step, connecting);
    case 'file':
      return writePrivate(step.path, step.content);
  }
}

async function getWebhookSecret({ vault, secrets }: Connecting): Promise<string> {
  const [newest] = await vault.findCredentials('webhook');
  const secret = secrets.webhook ?? (newest?.kind === 'secret' ? newest.secret : undefined);
  if (secret === undefined) throw new InternalError('the secret of the webhook is not there');
  return secret;
}

/** Business Central calls the starter while it subscribes, and gives up after five seconds (reference/business-central 9.2). */
async function reasonToLeave({ isStarterReachable, publicUrl }: Connecting): Promise<string | undefined> {
  if (await isStarterReachable()) return undefined;
  return `the starter makes it as soon as it runs and answers under ${publicUrl}`;
}

async function subscribe(
  { resource, companyId }: Extract<ConnectStep, { kind: 'subscription' }>,
  { subscriptions, getNoticeSecret, publicUrl }: Connecting,
): Promise<void> {
  const { clientState, addressKey } = await getNoticeSecret();
  await subscriptions.createSubscription(
    {
      id: subscriptionId(companyId, resource),
      resource: `/api/v2.0/companies(${companyId})/${resource}`,
      notificationUrl: `${publicUrl}${BUSINESS_CENTRAL_WEBHOOK}/${addressKey}`,
      clientState,
    },
    REPEATABLE,
  );
}
