import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { DEAL_WORKFLOW, TRACE_HEADER } from '../../deal/ids.js';
import { inSpan, isInLoop, SpanKind, toTraceHeaders } from '../../telemetry/spans.js';

/**
 * The start of a deal belongs to the trace of whoever starts it, and its run to the same. No other runs have an end of their
 * own: the loops are never of one trace.
 */
export const traceStarts: WorkflowClientInterceptor = {
  startWithDetails(input, next) {
    if (input.workflowType !== DEAL_WORKFLOW) return next(input);
    const { workflowId } = input.options;
    const options = {
      kind: SpanKind.PRODUCER,
      attributes: { 'dealbridge.deal_id': workflowId },
      isOwnTrace: isInLoop(),
    };
    return inSpan(`start ${DEAL_WORKFLOW}`, options, () => {
      const trace = toTraceHeaders()[TRACE_HEADER];
      if (trace === undefined) return next(input);
      return next({
        ...input,
        headers: { ...input.headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(trace) },
      });
    });
  },
};
