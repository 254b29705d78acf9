import { createHash, randomUUID } from 'node:crypto';
import { SUBSCRIBED_RESOURCES, type SubscribedResource, subscriptionId } from '../../deal/business-central-feeds.js';
import { UserError } from '../../deal/errors.js';
import { FEED_TABLES, SOURCE_TABLES } from '../../deal/ids.js';
import {
  AFTER_THE_OPERATION,
  DATAVERSE_WEBHOOK,
  WEBHOOK_STEPS,
  type WebhookStepRule,
} from '../../deal/webhook-steps.js';
import type { SystemCredential } from '../../ledger/settings/vault.js';
import { askedColumns } from '../../mapping/fields/columns.js';
import type { WantedColumn } from '../../mapping/rules/columns-of-rules.js';
import type { FlowValueKind } from '../../mapping/rules/flow-columns.js';
import { creationPolicyOf, type Rules } from '../../mapping/rules/rules.js';
import type { COLUMN_TYPES } from './answers.js';
import type { FoundSystems } from './found.js';
import { addToForm, addToView, type ShownColumn } from './layouts.js';
import type { FileStep, PlannedStep } from './steps.js';

/** What is left to do, from what is wanted and what is there: nothing in it asks or writes. */

export interface Wanted {
  readonly rules: Rules;
  readonly columns: readonly WantedColumn[];
  readonly prefix: string;
  readonly columnTypes: Readonly<Record<string, (typeof COLUMN_TYPES)[number]>>;
  readonly publicUrl: string | undefined;
  /** Those whose secret the ledger does not have yet. */
  readonly credentials: readonly SystemCredential[];
  readonly files: readonly FileStep[];
  /** Subscriptions that the starter makes, which does not answer yet. */
  readonly leftToStarter: ReadonlySet<SubscribedResource>;
}

export interface Plan {
  readonly steps: readonly PlannedStep[];
  /** What connect leaves to somebody else, and why. */
  readonly notes: readonly string[];
}

const LABELS: Readonly<Record<string, string>> = {
  invoicenumber: 'Invoice number',
  invoicestatus: 'Invoice status',
  invoicetotal: 'Invoice total',
  paymentstatus: 'Payment status',
  remainingamount: 'Remaining amount',
};
/** Of a column that is only read: nobody knows what people will write. */
const READ_LENGTH = 100;
const MEMO_LENGTH = 2_000;

export function planConnection(wanted: Wanted, found: FoundSystems): Plan {
  const notes: string[] = [];
  const columns = planColumns(wanted, found, notes);
  const solution = columns.length > 0 ? planSolution(wanted, found) : [];
  const shown = columns.filter(({ kind }) => kind === 'column').length > 0 || found.solutionId !== undefined;
  return {
    steps: [
      ...wanted.credentials.map((name) => ({ kind: 'credential', name }) as const),
      ...solution,
      ...columns,
      ...(shown ? planLayouts(wanted, found) : []),
      ...FEED_TABLES.filter((table) => !found.tracked.has(table)).map(
        (table) => ({ kind: 'tracking', table }) as const,
      ),
      ...planWebhook(wanted, found, notes),
      ...planSubscriptions(wanted, found, notes),
      ...wanted.files,
    ],
    notes,
  };
}

function planColumns({ columns, prefix, columnTypes }: Wanted, found: FoundSystems, notes: string[]): PlannedStep[] {
  return columns
    .filter(({ table, column }) => found.columns.get(`${table}.${column}`) === undefined)
    .flatMap((wanted): PlannedStep[] => {
      const { table, column, length } = wanted;
      if (!column.startsWith(`${prefix}_`)) {
        notes.push(
          `Sales has no column ${table}.${column}, and connect makes only those that begin with ${prefix}_: Power Apps > Tables > ${table} > Columns, or correct its name in the rules file`,
        );
        return [];
      }
      const type = typeOf(wanted, columnTypes);
      if (length !== undefined && type !== 'string' && type !== 'memo')
        throw new UserError(`columnTypes.${table}.${column}`, 'string or memo, since text is written to it', type);
      const size = type === 'memo' ? MEMO_LENGTH : (length ?? READ_LENGTH);
      return [{ kind: 'column', table, column, type, length: size, label: labelOf(column) }];
    });
}

function typeOf({ table, column, kind }: WantedColumn, types: Wanted['columnTypes']): (typeof COLUMN_TYPES)[number] {
  return types[`${table}.${column}`] ?? (kind === undefined ? 'string' : TYPES_OF_FLOWS[kind]);
}

/** What a flow writes fits into text as well, which could neither be sorted nor summed up. */
const TYPES_OF_FLOWS: Readonly<Record<FlowValueKind, (typeof COLUMN_TYPES)[number]>> = {
  text: 'string',
  state: 'string',
  date: 'date',
  number: 'decimal',
  amount: 'decimal',
};

function labelOf(column: string): string {
  const name = column.slice(column.indexOf('_') + 1);
  const words = name.replaceAll('_', ' ');
  return LABELS[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

function planSolution({ prefix }: Wanted, { publisher, solutionId }: FoundSystems): PlannedStep[] {
  if (publisher !== undefined && publisher.prefix !== prefix) {
    throw new UserError('prefix', `${publisher.prefix}, which the publisher Dealbridge in Sales has`, prefix);
  }
  const publisherId = publisher?.id ?? randomUUID();
  return [
    ...(publisher ? [] : [{ kind: 'publisher', id: publisherId, prefix } as const]),
    ...(solutionId === undefined ? [{ kind: 'solution', id: randomUUID(), publisherId } as const] : []),
  ];
}

/** Columns of our own on the main forms and the default view of their table; somebody else's are theirs to place. */
function planLayouts(wanted: Wanted, found: FoundSystems): PlannedStep[] {
  const ours = wanted.columns.filter(({ column }) => column.startsWith(`${wanted.prefix}_`));
  return [...new Set(ours.map(({ table }) => table))].flatMap((table) => {
    const columns: ShownColumn[] = ours
      .filter((one) => one.table === table)
      .map((one) => ({
        column: one.column,
        label: labelOf(one.column),
        type: typeOf(one, wanted.columnTypes),
      }));
    const names = columns.map(({ column }) => column);
    const forms = (found.forms.get(table) ?? []).flatMap(({ id, name, xml }): PlannedStep[] => {
      const after = addToForm(xml, columns, found.language);
      return after === undefined ? [] : [{ kind: 'form', table, id, title: name, columns: names, before: xml, after }];
    });
    const views = (found.views.get(table) ?? []).flatMap(({ id, name, ...before }): PlannedStep[] => {
      const after = addToView(before, columns);
      return after ? [{ kind: 'view', table, id, title: name, columns: names, before, after }] : [];
    });
    return [...forms, ...views];
  });
}

function planWebhook(wanted: Wanted, found: FoundSystems, notes: string[]): PlannedStep[] {
  const { publicUrl, credentials, rules } = wanted;
  if (publicUrl === undefined) {
    notes.push('publicUrl is not given: no webhook and no subscriptions; changes are read in turns all the same');
    return [];
  }
  const { endpoint } = found;
  const endpointId = endpoint?.endpointId ?? randomUUID();
  const steps = WEBHOOK_STEPS.flatMap((rule): PlannedStep[] => {
    const settings = {
      isAsynchronous: true,
      isEnabled: true,
      stage: AFTER_THE_OPERATION,
      attributes: attributesOf(rule, rules),
    };
    const there = found.steps.find((one) => one.table === rule.table && one.message === rule.message);
    const common = { kind: 'webhook-step', endpointId, table: rule.table, message: rule.message, settings } as const;
    if (!there) return [{ ...common, id: randomUUID() }];
    const { isAsynchronous, isEnabled, stage } = there;
    const hears = there.attributes.length === 0 || settings.attributes.every((one) => there.attributes.includes(one));
    if (isAsynchronous && isEnabled && stage === AFTER_THE_OPERATION && hears) return [];
    const before = { isAsynchronous, isEnabled, stage, attributes: [...there.attributes] };
    return [{ ...common, id: there.stepId, before }];
  });
  if (!endpoint) return [{ kind: 'endpoint', id: endpointId, url: `${publicUrl}${DATAVERSE_WEBHOOK}` }, ...steps];
  return credentials.includes('webhook') ? [{ kind: 'endpoint-key', id: endpointId }, ...steps] : steps;
}

/** Of masters only what the mapping reads; a step without a filter hears of everything that is changed (5.2). */
function attributesOf({ table, message, attributes }: WebhookStepRule, rules: Rules): string[] {
  if (message !== 'Update' || (table !== 'account' && table !== 'product')) return [...attributes];
  const row = table === 'account' ? 'account' : 'product';
  const read = SOURCE_TABLES.flatMap(
    (source) => askedColumns(rules.mapping, rules.lines, creationPolicyOf(rules), source).rows[row],
  );
  return [...new Set([...ALWAYS_READ[table], ...read])].map(toLogicalName).sort();
}

const ALWAYS_READ = {
  account: ['name', 'accountnumber', 'statecode', 'statuscode'],
  product: ['name', 'productnumber', 'statecode', 'statuscode'],
} as const;

function toLogicalName(column: string): string {
  return /^_(.+)_value$/.exec(column)?.[1] ?? column;
}

function planSubscriptions(
  { publicUrl, leftToStarter }: Wanted,
  { companyId, subscriptions }: FoundSystems,
  notes: string[],
): PlannedStep[] {
  if (publicUrl === undefined) return [];
  const known = new Set(subscriptions.map(({ id }) => id));
  const missing = SUBSCRIBED_RESOURCES.filter((resource) => !known.has(subscriptionId(companyId, resource)));
  const left = missing.filter((resource) => leftToStarter.has(resource));
  if (left.length > 0) {
    notes.push(`subscriptions to ${left.join(', ')}: the starter makes them as soon as it answers under ${publicUrl}`);
  }
  return missing
    .filter((resource) => !leftToStarter.has(resource))
    .map((resource) => ({ kind: 'subscription', resource, companyId }) as const);
}

/** A file that is as it should be needs no step. */
export function planFile(
  path: string,
  current: string | undefined,
  content: string,
  names: readonly string[],
): FileStep[] {
  if (current === content) return [];
  const hash = hashOf(content);
  const step: FileStep = { kind: 'file', path, hash, names: [...names], content };
  return [current === undefined ? step : { ...step, replaces: hashOf(current) }];
}

export function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
