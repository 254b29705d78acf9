import { describe, expect, it } from 'vitest';
import { columnsOfRules } from '../../../src/mapping/rules/columns-of-rules.js';
import type { FoundSystems } from '../../../src/operations/connect/found.js';
import { planConnection, planFile, type Wanted } from '../../../src/operations/connect/plan.js';
import { describeStep } from '../../../src/operations/connect/steps.js';
import { parseRules } from '../../../src/process/rules.js';

/** From what is wanted and what is there to what is left to do. */

const FEEDS = ['opportunity', 'quote', 'salesorder', 'account', 'contact', 'product'];
const COMPANY = '11111111-1111-4111-8111-111111111111';

function wanted(yaml = '', changes: Partial<Wanted> = {}): Wanted {
  const rules = parseRules(yaml);
  return {
    rules,
    columns: columnsOfRules(rules),
    prefix: 'dlb',
    columnTypes: {},
    publicUrl: 'https://bridge.example',
    credentials: [],
    files: [],
    leftToStarter: new Set(),
    ...changes,
  };
}

/** Everything but what a test takes away. */
function found(changes: Partial<FoundSystems> = {}): FoundSystems {
  return {
    language: 1033,
    publisher: undefined,
    solutionId: undefined,
    columns: new Map(),
    forms: new Map(),
    views: new Map(),
    tracked: new Set(FEEDS),
    endpoint: { endpointId: 'e', name: 'Dealbridge', url: 'https://bridge.example/webhooks/dataverse' },
    steps: [
      ['opportunity', 'Win'],
      ['opportunity', 'Update'],
      ['quote', 'Win'],
      ['quote', 'Close'],
      ['salesorder', 'Create'],
      ['salesorder', 'Update'],
      ['salesorder', 'SetState'],
      ['salesorder', 'SetStateDynamicEntity'],
      ['account', 'Update'],
      ['product', 'Update'],
    ].map(([table = '', message = ''], index) => ({
      stepId: `s${index}`,
      endpointId: 'e',
      table,
      message,
      isEnabled: true,
      isAsynchronous: true,
      stage: 40,
      attributes: [],
    })),
    companyId: COMPANY,
    subscriptions: ['salesInvoices', 'salesOrders', 'salesQuotes', 'customers', 'items'].map((resource) => ({
      id: `dealbridge-${COMPANY.replaceAll('-', '')}-${resource}`,
      etag: '',
      notificationUrl: '',
      clientState: undefined,
      expiresAt: '',
    })),
    ...changes,
  };
}

const lines = (want: Wanted, have: FoundSystems): string[] => planConnection(want, have).steps.map(describeStep);
const COLUMNS = 'opportunityColumns: { invoiceNumber: dlb_number }';

describe('the plan', () => {
  it('is empty when everything is there', () => {
    expect(planConnection(wanted(), found())).toEqual({ steps: [], notes: [] });
  });

  it('makes the publisher and the solution only for a column that is missing', () => {
    expect(lines(wanted(COLUMNS), found())).toEqual([
      'Sales: publisher Dealbridge, prefix dlb',
      'Sales: unmanaged solution Dealbridge',
      "Sales: column opportunity.dlb_number, string of 20, 'Number'",
    ]);
    const there = { type: 'String', maxLength: 20, isWritable: true };
    expect(lines(wanted(COLUMNS), found({ columns: new Map([['opportunity.dlb_number', there]]) }))).toEqual([]);
  });

  it('goes on where a run before it ended', () => {
    const publisher = { id: 'p', prefix: 'dlb' };
    const { steps } = planConnection(wanted(COLUMNS), found({ publisher }));
    expect(steps[0]).toMatchObject({ kind: 'solution', publisherId: 'p' });
    expect(steps.map(({ kind }) => kind)).toEqual(['solution', 'column']);
  });

  it('refuses another prefix than the publisher has', () => {
    expect(() => planConnection(wanted(COLUMNS), found({ publisher: { id: 'p', prefix: 'abc' } }))).toThrow(
      'prefix: expected abc, which the publisher Dealbridge in Sales has',
    );
  });

  it('leaves a column of somebody else to a person', () => {
    const plan = planConnection(wanted('opportunityColumns: { status: new_status }'), found());
    expect(plan.steps).toEqual([]);
    expect(plan.notes).toEqual([expect.stringContaining('Sales has no column opportunity.new_status')]);
  });

  it('takes the type of a column that is only read from the answers, and text for one that is written', () => {
    const yaml = 'mapping: { document: { phoneNumber: { column: salesorder.dlb_site } } }';
    const types = { 'salesorder.dlb_site': 'memo' } as const;
    expect(lines(wanted(yaml, { columnTypes: types }), found()).at(-1)).toBe(
      "Sales: column salesorder.dlb_site, memo of 2000, 'Site'",
    );
    const wrong = { 'opportunity.dlb_number': 'money' } as const;
    expect(() => planConnection(wanted(COLUMNS, { columnTypes: wrong }), found())).toThrow(
      'columnTypes.opportunity.dlb_number: expected string or memo',
    );
  });

  it('turns change tracking on where it is off', () => {
    expect(lines(wanted(), found({ tracked: new Set(FEEDS.slice(1)) }))).toEqual([
      'Sales: change tracking of opportunity on (it cannot be turned off again)',
    ]);
  });

  it('corrects a step that is synchronous, disabled, too early, or deaf, and keeps what it was', () => {
    const steps = found().steps.map((step, index) =>
      index === 1 ? { ...step, isAsynchronous: false, attributes: ['name'] } : step,
    );
    const plan = planConnection(wanted(), found({ steps }));
    expect(plan.steps.map(describeStep)).toEqual([
      'Sales: correct the webhook step opportunity Update when one of statecode, statuscode is sent',
    ]);
    expect(plan.steps[0]).toMatchObject({ id: 's1', before: { isAsynchronous: false, attributes: ['name'] } });
  });

  it('gives a webhook that is there the key of a new secret', () => {
    const { steps } = planConnection(wanted('', { credentials: ['webhook'] }), found());
    expect(steps.map(({ kind }) => kind)).toEqual(['credential', 'endpoint-key']);
  });

  it('without a public address registers nothing, and says so', () => {
    const plan = planConnection(
      wanted('', { publicUrl: undefined }),
      found({ endpoint: undefined, subscriptions: [] }),
    );
    expect(plan).toEqual({ steps: [], notes: [expect.stringContaining('publicUrl is not given')] });
  });

  it('subscribes to what is missing, or notes that the starter does', () => {
    const have = found({ subscriptions: found().subscriptions.slice(1) });
    expect(lines(wanted(), have)).toEqual(['Business Central: subscription to salesInvoices']);
    const left = planConnection(wanted('', { leftToStarter: new Set(['salesInvoices'] as const) }), have);
    expect(left).toEqual({
      steps: [],
      notes: [expect.stringContaining('subscriptions to salesInvoices: the starter')],
    });
  });

  it('writes no file that is as it should be', () => {
    expect(planFile('.env', 'A=1\n', 'A=1\n', [])).toEqual([]);
    expect(planFile('.env', undefined, 'A=1\n', ['A'])[0]).not.toHaveProperty('replaces');
    expect(planFile('.env', 'A=1\n', 'A=1\nB=2\n', ['B']).map(describeStep)).toEqual(['this machine: add B to .env']);
  });
});
