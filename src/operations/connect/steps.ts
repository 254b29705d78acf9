import { z } from 'zod';
import { SUBSCRIBED_RESOURCES } from '../../deal/business-central-feeds.js';
import { CREDENTIAL_NAMES } from '../../ledger/settings/vault.js';
import { COLUMN_TYPES } from './answers.js';

/** The steps of a set-up: what a plan is made of, what is recorded when it is made, and what taking it back goes by. */

const stepSettings = z.object({
  isAsynchronous: z.boolean(),
  isEnabled: z.boolean(),
  stage: z.number(),
  attributes: z.array(z.string()),
});
const layout = z.object({ layout: z.string(), query: z.string() });

export const connectStep = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('credential'), name: z.enum(CREDENTIAL_NAMES), generation: z.number().optional() }),
  z.object({ kind: z.literal('publisher'), id: z.string(), prefix: z.string() }),
  z.object({ kind: z.literal('solution'), id: z.string(), publisherId: z.string() }),
  z.object({
    kind: z.literal('column'),
    table: z.string(),
    column: z.string(),
    type: z.enum(COLUMN_TYPES),
    length: z.number(),
    label: z.string(),
  }),
  z.object({
    kind: z.literal('form'),
    table: z.string(),
    id: z.string(),
    title: z.string(),
    columns: z.array(z.string()),
    before: z.string(),
    after: z.string(),
  }),
  z.object({
    kind: z.literal('view'),
    table: z.string(),
    id: z.string(),
    title: z.string(),
    columns: z.array(z.string()),
    before: layout,
    after: layout,
  }),
  z.object({ kind: z.literal('tracking'), table: z.string() }),
  z.object({ kind: z.literal('endpoint'), id: z.string(), url: z.string() }),
  /** The webhook was there, and is given our key. */
  z.object({ kind: z.literal('endpoint-key'), id: z.string() }),
  z.object({
    kind: z.literal('webhook-step'),
    id: z.string(),
    endpointId: z.string(),
    table: z.string(),
    message: z.string(),
    settings: stepSettings,
    /** Of a step that is there and is corrected. */
    before: stepSettings.optional(),
  }),
  z.object({ kind: z.literal('subscription'), resource: z.enum(SUBSCRIBED_RESOURCES), companyId: z.string() }),
  z.object({
    kind: z.literal('file'),
    path: z.string(),
    /** Undefined for a new file. */
    replaces: z.string().optional(),
    hash: z.string(),
    names: z.array(z.string()),
  }),
]);
export type ConnectStep = z.output<typeof connectStep>;
type Of<Kind extends ConnectStep['kind']> = Extract<ConnectStep, { readonly kind: Kind }>;

/** What a file is to hold: it may name where secrets are, so it is no part of the record. */
export type FileStep = Of<'file'> & { readonly content: string };
export type PlannedStep = Exclude<ConnectStep, Of<'file'>> | FileStep;

export function nameOfStep(step: ConnectStep): string {
  switch (step.kind) {
    case 'credential':
      return `credential ${step.name}`;
    case 'publisher':
    case 'solution':
      return step.kind;
    case 'column':
      return `column ${step.table}.${step.column}`;
    case 'form':
    case 'view':
      return `${step.kind} ${step.id} ${step.columns.join(',')}`;
    case 'tracking':
      return `change tracking ${step.table}`;
    case 'endpoint':
      return 'webhook';
    case 'endpoint-key':
      return 'webhook key';
    case 'webhook-step':
      return `webhook step ${step.table} ${step.message}`;
    case 'subscription':
      return `subscription ${step.resource}`;
    case 'file':
      return `file ${step.path} ${step.hash.slice(0, 8)}`;
  }
}

/** One line of the plan. */
export function describeStep(step: ConnectStep): string {
  switch (step.kind) {
    case 'credential':
      return step.name === 'webhook'
        ? 'ledger: seal a new secret of the webhook'
        : `ledger: seal the secret of ${step.name}`;
    case 'publisher':
      return `Sales: publisher Dealbridge, prefix ${step.prefix}`;
    case 'solution':
      return 'Sales: unmanaged solution Dealbridge';
    case 'column': {
      const size = step.type === 'string' || step.type === 'memo' ? ` of ${step.length}` : '';
      return `Sales: column ${step.table}.${step.column}, ${step.type}${size}, '${step.label}'`;
    }
    case 'form':
      return `Sales: form '${step.title}' of ${step.table} shows ${step.columns.join(', ')}`;
    case 'view':
      return `Sales: view '${step.title}' shows ${step.columns.join(', ')}`;
    case 'tracking':
      return `Sales: change tracking of ${step.table} on (it cannot be turned off again)`;
    case 'endpoint':
      return `Sales: webhook to ${step.url}, with a secret header`;
    case 'endpoint-key':
      return 'Sales: the webhook that is there gets the secret of the ledger';
    case 'webhook-step': {
      const { attributes } = step.settings;
      const filter = attributes.length > 0 ? ` when one of ${attributes.join(', ')} is sent` : '';
      return `Sales: ${step.before ? 'correct the ' : ''}webhook step ${step.table} ${step.message}${filter}`;
    }
    case 'subscription':
      return `Business Central: subscription to ${step.resource}`;
    case 'file':
      return step.replaces === undefined
        ? `this machine: write ${step.path}`
        : `this machine: add ${step.names.join(', ')} to ${step.path}`;
  }
}
