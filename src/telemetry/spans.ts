import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/** Spans by the API of OpenTelemetry: it does nothing until a process that has a collector to send to registers the rest. */

export { type Attributes, type Span, SpanKind };

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** A trace of its own that only names the one which led to it. */
  readonly isOwnTrace?: boolean;
}

export async function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const cause = options.isOwnTrace ? trace.getActiveSpan()?.spanContext() : undefined;
  const starting = {
    ...(options.kind !== undefined && { kind: options.kind }),
    ...(options.attributes && { attributes: options.attributes }),
    ...(options.isOwnTrace && { root: true }),
    ...(cause && { links: [{ context: cause }] }),
  };
  return trace.getTracer('dealbridge').startActiveSpan(name, starting, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      // Neither message nor stack: they may quote what was read (I7).
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', nameOf(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' ? `/${error.code}` : '';
  return `${error.constructor.name}${code}`;
}

export function isTraced(): boolean {
  return trace.getActiveSpan() !== undefined;
}

/** What goes with a request to another process so that it belongs to this trace: `traceparent`, or nothing. */
export function toTraceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** Runs what belongs to the trace that these headers name; to none when they name none. */
export function inTraceOf<T>(headers: Readonly<Record<string, string | undefined>>, work: () => T): T {
  return context.with(propagation.extract(ROOT_CONTEXT, headers), work);
}

/**
 * The GUID of what this span does: the first half of its trace id, then its span id, so that whoever has the one finds the
 * other. Random where no trace is.
 */
export function toCorrelationId(span: Span): string {
  const at = span.spanContext();
  if (!isSpanContextValid(at)) return randomUUID();
  return `${at.traceId.slice(0, 16)}${at.spanId}`.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const LOOP = createContextKey('a loop that runs for ever');

/** What is started within becomes a trace of its own: one that the loop's reading would be without end. */
export function inLoop<T>(work: () => T): T {
  return context.with(context.active().setValue(LOOP, true), work);
}

export function isInLoop(active: Context = context.active()): boolean {
  return active.getValue(LOOP) === true;
}

export interface TraceFacts {
  readonly traceId?: string;
  readonly spanId?: string;
}

/** For a log line. */
export function findTraceFacts(): TraceFacts {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { traceId: span.traceId, spanId: span.spanId } : {};
}
