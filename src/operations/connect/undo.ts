import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { Actor } from '../../deal/actor.js';
import { subscriptionId } from '../../deal/business-central-feeds.js';
import type { Connecting } from './apply.js';
import { withoutOurLines } from './env-text.js';
import { removeFromForm, removeFromView } from './layouts.js';
import { readIfThere, remove, writePrivate } from './machine.js';
import { hashOf } from './plan.js';
import { type ConnectStep, describeStep } from './steps.js';

/** Takes back what connect has made, the newest first, and nothing else. */

export type Undoing = Pick<Connecting, 'vault' | 'record' | 'customizations' | 'webhooks' | 'subscriptions'>;

export interface Undone {
  readonly undone: readonly string[];
  /** What stays, and why. */
  readonly stays: readonly string[];
}

type Recorded = { readonly name: string; readonly step: ConnectStep };

/** What refers to something goes before it; the credentials, by which all of this is done, go last but for the files. */
const ORDER: readonly (readonly ConnectStep['kind'][])[] = [
  ['subscription'],
  ['webhook-step'],
  ['endpoint', 'endpoint-key'],
  ['form', 'view'],
  ['column'],
  ['solution'],
  ['publisher'],
  ['tracking'],
  ['credential'],
  ['file'],
];

export async function undoSteps(undoing: Undoing, actor: Actor): Promise<Undone> {
  const recorded = [...(await undoing.record.list())].reverse();
  const undone: string[] = [];
  const stays: string[] = [];
  for (const kinds of ORDER) {
    const here = recorded.filter(({ step }) => kinds.includes(step.kind));
    for (const one of here) {
      const why = await takeBack(one, undoing, actor);
      if (why === undefined) undone.push(describeStep(one.step));
      else stays.push(`${describeStep(one.step)}: ${why}`);
    }
    const tables = here.flatMap(({ step }) => (step.kind === 'form' || step.kind === 'view' ? [step.table] : []));
    if (tables.length > 0) await undoing.customizations.publish([...new Set(tables)]);
    for (const { name } of here) await undoing.record.forget(name);
  }
  return { undone, stays };
}

/** Why it stays; undefined when it is gone. */
async function takeBack({ step }: Recorded, undoing: Undoing, actor: Actor): Promise<string | undefined> {
  const { vault, customizations, webhooks } = undoing;
  switch (step.kind) {
    case 'subscription':
      await unsubscribe(step, undoing);
      return undefined;
    case 'webhook-step':
      if (!step.before) await webhooks.deleteStep(step.id);
      // Somebody has deleted it since: then there is nothing to take back.
      else if (await webhooks.hasStep(step.id)) await webhooks.changeStep(step.id, step.before);
      return undefined;
    case 'endpoint':
      await webhooks.deleteEndpoint(step.id);
      return undefined;
    case 'endpoint-key':
      return 'Dataverse shows nobody the key that it had before';
    case 'form': {
      const form = (await customizations.listForms(step.table)).find(({ id }) => id === step.id);
      if (!form) return undefined;
      await customizations.writeForm(step.id, form.xml === step.after ? step.before : removeFromForm(form.xml));
      return undefined;
    }
    case 'view': {
      const view = (await customizations.listViews(step.table)).find(({ id }) => id === step.id);
      if (!view) return undefined;
      const isOurs = view.layout === step.after.layout && view.query === step.after.query;
      await customizations.writeView(step.id, isOurs ? step.before : removeFromView(view, step.columns));
      return undefined;
    }
    case 'column':
      await customizations.deleteColumn(step.table, step.column);
      return undefined;
    case 'solution':
      await customizations.deleteSolution(step.id);
      return undefined;
    case 'publisher':
      await customizations.deletePublisher(step.id);
      return undefined;
    case 'tracking':
      return 'Dataverse cannot turn it off';
    case 'credential':
      if (step.generation !== undefined) await vault.forget({ name: step.name, generation: step.generation, actor });
      return undefined;
    case 'file':
      return takeBackFile(step);
  }
}

async function unsubscribe(
  { companyId, resource }: Extract<ConnectStep, { kind: 'subscription' }>,
  { subscriptions }: Undoing,
): Promise<void> {
  const id = subscriptionId(companyId, resource);
  const found = (await subscriptions.listSubscriptions()).find((one) => one.id === id);
  if (!found) return;
  try {
    await subscriptions.deleteSubscription(id, found.etag, REPEATABLE);
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw error;
  }
}

function takeBackFile({ path, hash, replaces }: Extract<ConnectStep, { kind: 'file' }>): string | undefined {
  const current = readIfThere(path);
  if (current === undefined) return undefined;
  if (hashOf(current) !== hash) return 'it was changed since';
  if (replaces === undefined) remove(path);
  else writePrivate(path, withoutOurLines(current));
  return undefined;
}
