import { defaultPayloadConverter } from '@temporalio/common';
import { expect, it } from 'vitest';
import { TRACE_HEADER } from '../../src/deal/ids.js';
import { interceptors } from '../../src/workflows/carry-trace.js';

/** What a run carries to its steps and to the run that goes on after it. */
const run = async (headers: Record<string, ReturnType<typeof defaultPayloadConverter.toPayload>>) => {
  const { inbound = [], outbound = [] } = interceptors();
  await inbound[0]?.execute?.({ args: [], headers }, async () => undefined);
  const step = { activityType: 'readDeal', args: [], options: {}, headers: { other: trace }, seq: 1 };
  const passed: unknown[] = [];
  const take = async (input: { headers: object }) => passed.push(input.headers);
  await outbound[0]?.scheduleActivity?.(step, take);
  await outbound[0]?.scheduleLocalActivity?.({ ...step, attempt: 1, originalScheduleTime: undefined as never }, take);
  return passed;
};

const trace = defaultPayloadConverter.toPayload('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');

it('the trace of its start, beside what a step has itself', async () => {
  expect(await run({ [TRACE_HEADER]: trace })).toEqual([
    { other: trace, [TRACE_HEADER]: trace },
    { other: trace, [TRACE_HEADER]: trace },
  ]);
});

it('nothing else that a start brings, and nothing where it brings no trace', async () => {
  expect(await run({ 'x-person': trace })).toEqual([{ other: trace }, { other: trace }]);
});

it('its trace in the lines of its log, beside what they say themselves', async () => {
  const { inbound = [], outbound = [] } = interceptors();
  const facts = () => outbound[0]?.getLogAttributes?.({ workflowId: 'one' }, (all) => all);
  expect(facts()).toEqual({ workflowId: 'one' });
  await inbound[0]?.execute?.({ args: [], headers: { [TRACE_HEADER]: trace } }, async () => undefined);
  expect(facts()).toEqual({ workflowId: 'one', traceId: '0af7651916cd43dd8448eb211c80319c' });
});
