import { spawnSync } from 'node:child_process';
import { inspect } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { toFailure } from '../../src/activities/remote/failures.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import { createLog, describeError, toShownError } from '../../src/process/log.js';
import { createTemporalLogger } from '../../src/process/temporal-logger.js';
import { SealError } from '../../src/secrets/key-ring.js';
import { inSpan } from '../../src/telemetry/spans.js';
import { listenToSpans } from '../support/spans.js';

const NAME = 'Kranich Hydraulik GmbH';

/** Errors as they come about, each with the customer's name somewhere inside. */
const errors: Readonly<Record<string, () => unknown>> = {
  'a refusal with the other side’s words': () =>
    new RemoteApiError('business-central', 'rejected', 'create the draft', { status: 400, remoteMessage: NAME }),
  'the failure that an activity makes of it': () =>
    toFailure(new RemoteApiError('dataverse', 'forbidden', 'read', { status: 403, remoteMessage: NAME })),
  'JSON that cannot be read': () => caught(() => JSON.parse(`{"name": ${NAME}`)),
  'a value that a column refuses': () =>
    Object.assign(new Error(`invalid input syntax for type uuid: "${NAME}"`), {
      name: 'error',
      code: '22P02',
      detail: NAME,
      where: NAME,
    }),
  'an error with a cause': () => new Error('the step failed', { cause: new Error(NAME) }),
  'an error with properties': () => Object.assign(new Error('the step failed'), { body: { name: NAME } }),
  'something that is no error': () => ({ name: NAME }),
  'a failure with details': () => ApplicationFailure.create({ message: 'refused', details: [{ text: NAME }] }),
};

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('what is shown of an error (I7)', () => {
  for (const [what, make] of Object.entries(errors)) {
    it(`${what}: not the customer`, () => {
      const error = make();
      expect(JSON.stringify(toShownError(error))).not.toContain('Kranich');
      expect(describeError(error)).not.toContain('Kranich');
    });
  }

  it('what a person can correct by its message comes without a stack', () => {
    expect(describeError(new SealError('unknown-key', 'k', "credential 'dataverse'"))).toMatch(
      /^credential 'dataverse': the key ring does not hold the key of this value \(key 'k'\)\. Put the old key back[^\n]+$/,
    );
  });

  it('its type, message, code, facts and stack', () => {
    const error = new RemoteApiError('dataverse', 'throttled', 'read the deal', { status: 429, requestId: 'r-1' });
    expect(toShownError(error)).toMatchObject({
      type: 'RemoteApiError',
      message: 'read the deal: throttled (429)',
      code: 'throttled',
      facts: { status: 429, requestId: 'r-1' },
    });
    expect(toShownError(error).stack[0]).toMatch(/^at .*log\.test/);
  });

  it('the other side’s words are not seen by whatever prints an error whole, and are there for whoever asks', () => {
    const error = new RemoteApiError('dataverse', 'rejected', 'read', { remoteMessage: NAME });
    expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain('Kranich');
    expect(error.facts.remoteMessage).toBe(NAME);
  });
});

describe('the SDK’s words in our log', () => {
  const lines: string[] = [];
  const log = createLog('test', 'debug', { write: (line) => void lines.push(line) });
  const logger = createTemporalLogger(log);

  it('ids and names, and nothing of what is in a payload', () => {
    logger.error('Activity failed', {
      workflowId: 'w-1',
      activityType: 'createDraft',
      input: NAME,
      memo: { NAME },
      error: toFailure(new RemoteApiError('dataverse', 'rejected', 'read', { remoteMessage: NAME })),
    });
    logger.debug('Activity completed', { activityId: '4', result: NAME });
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain('Kranich');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 50, workflowId: 'w-1', activityType: 'createDraft' });
  });
});

it('a Temporal server that is away is one line a minute, however many pollers ask it again', () => {
  const lines: string[] = [];
  let now = 0;
  const logger = createTemporalLogger(createLog('test', 'info', { write: (line) => void lines.push(line) }), () => now);
  const sayRetried = (call: string) =>
    logger.warn(`gRPC call ${call} retried 6 times`, { error: 'Status { code: Unavailable }' });
  sayRetried('poll_workflow_task_queue');
  for (let more = 0; more < 40; more += 1) sayRetried('poll_activity_task_queue');
  now = 60_000;
  sayRetried('poll_workflow_task_queue');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    {
      level: 40,
      status: 'Status { code: Unavailable }',
      lines: 1,
      msg: 'Temporal does not answer, asked again: gRPC call poll_workflow_task_queue retried 6 times',
    },
    { lines: 41 },
  ]);
});

it('a line of a run that hands a deal over names the deal and its trace', () => {
  const lines: string[] = [];
  const logger = createTemporalLogger(createLog('test', 'info', { write: (line) => void lines.push(line) }));
  logger.warn('signal ignored', { workflowId: 'one', workflowType: 'handOverDeal', traceId: 'a' });
  logger.warn('a flow stands still', { workflowId: 'flow-one', workflowType: 'carryFlow' });
  const facts = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(facts.map(({ dealId, traceId }) => ({ dealId, traceId }))).toEqual([
    { dealId: 'one', traceId: 'a' },
    { dealId: undefined, traceId: undefined },
  ]);
});

it('a fault that nothing caught is one line of the log, without what it quotes', () => {
  const fault = `Promise.reject(Object.assign(new SyntaxError('${NAME}'), { body: '${NAME}' }))`;
  const code = `import { guardOutput } from './dist/process/log.js'; guardOutput('worker'); ${fault};`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).not.toContain('Kranich');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(JSON.parse(stderr)).toMatchObject({ level: 60, name: 'worker', err: { type: 'SyntaxError' } });
});

describe('a log line', () => {
  it('says of which deal and of which trace it is, where it is of any', async () => {
    const lines: Record<string, unknown>[] = [];
    const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
    let deal: string | undefined;
    const log = createLog('worker', 'info', { write }, () => deal);
    const spans = listenToSpans();
    try {
      log.info('worker ready');
      deal = 'one';
      await inSpan('step', {}, async () => log.info({ figures: 3 }, 'compared'));
      log.info({ dealId: 'two' }, 'another one');
      const [step] = spans.ended();
      const facts = ({ dealId, traceId, spanId }: Record<string, unknown>) => ({ dealId, traceId, spanId });
      expect(lines.map(facts)).toEqual([
        { dealId: undefined, traceId: undefined, spanId: undefined },
        { dealId: 'one', traceId: step?.traceId, spanId: step?.spanId },
        { dealId: 'two', traceId: undefined, spanId: undefined },
      ]);
    } finally {
      spans.close();
    }
  });
});
