import { activityInfo } from '@temporalio/activity';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { DEAL_WORKFLOW, TRACE_HEADER } from '../deal/ids.js';
import { inLoop, inSpan, inTraceOf, SpanKind } from '../telemetry/spans.js';

/** The deal whose step is at work; undefined in what is not a step of a deal. */
export function findDealId(): string | undefined {
  try {
    const { workflowExecution, workflowType } = activityInfo();
    return workflowType === DEAL_WORKFLOW ? workflowExecution?.workflowId : undefined;
  } catch {
    // Outside of a step Temporal only has an error to say so.
    return undefined;
  }
}

/** Each attempt of a step is one span: of its deal's trace, or, in a loop, a trace of its own. */
export const traceSteps: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute(input, next) {
      const { activityType, attempt, workflowExecution, workflowType, taskQueue } = activityInfo();
      const header = input.headers[TRACE_HEADER];
      const traceparent = header && defaultPayloadConverter.fromPayload<unknown>(header);
      const workflowId = workflowExecution?.workflowId ?? '';
      const options = {
        kind: SpanKind.CONSUMER,
        attributes: {
          'temporal.workflow_id': workflowId,
          'temporal.run_id': workflowExecution?.runId ?? '',
          'temporal.task_queue': taskQueue,
          'temporal.attempt': attempt,
          ...(workflowType === DEAL_WORKFLOW && { 'dealbridge.deal_id': workflowId }),
        },
      };
      const run = () => inSpan(`step ${activityType}`, options, () => next(input));
      if (typeof traceparent === 'string') return inTraceOf({ [TRACE_HEADER]: traceparent }, run);
      return inLoop(run);
    },
  },
});
