import type { Headers, Payload } from '@temporalio/common';
import { defaultPayloadConverter, type WorkflowInterceptors } from '@temporalio/workflow';
import { TRACE_HEADER } from '../deal/ids.js';

/**
 * Carries the trace that a run was started in to its steps, and makes no spans itself: a run may wait for weeks, and its
 * span would only be sent at its end. Its log lines name the trace. The header is what the start brought, so that a replay does the same (I9).
 */
export function interceptors(): WorkflowInterceptors {
  let carried: Headers | undefined;
  let traceId: string | undefined;
  const withTrace = <Input extends { readonly headers: Headers }>(input: Input): Input =>
    carried ? { ...input, headers: { ...input.headers, ...carried } } : input;
  return {
    inbound: [
      {
        execute(input, next) {
          const header = input.headers[TRACE_HEADER];
          if (header) {
            carried = { [TRACE_HEADER]: header };
            traceId = findTraceId(header);
          }
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(withTrace(input)),
        scheduleLocalActivity: (input, next) => next(withTrace(input)),
        continueAsNew: (input, next) => next(withTrace(input)),
        getLogAttributes: (input, next) => next(traceId === undefined ? input : { ...input, traceId }),
      },
    ],
  };
}

/** The second part of a traceparent. */
function findTraceId(header: Payload): string | undefined {
  const traceparent = defaultPayloadConverter.fromPayload<unknown>(header);
  return typeof traceparent === 'string' ? traceparent.split('-')[1] : undefined;
}
