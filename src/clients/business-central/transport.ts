import type { TokenSource } from '../entra/tokens.js';
import type { Lane } from '../http/lane.js';
import type { Throttle } from '../http/throttle.js';
import { createTransport, type HttpAnswer, type HttpTransport } from '../http/transport.js';
import { refine } from './refusals.js';
import { errorEnvelope } from './rows.js';

/** How Business Central is asked, whatever the subject: one transport per app registration and path. */

export interface EnvironmentOptions {
  /** Up to and including the environment: `https://api.businesscentral.dynamics.com/v2.0/<tenant>/<environment>`. */
  readonly environmentUrl: string;
  readonly tokens: TokenSource;
  readonly timeoutMs: number;
  readonly laneName?: string | undefined;
  /** As in `HttpOptions`: keeps requests from an environment that is not the one we know. */
  readonly beforeRequest?: ((asked: string) => Promise<void>) | undefined;
  readonly lane?: Lane | undefined;
  readonly throttle?: Throttle | undefined;
}

/** What a finished write leaves for the audit trail. */
export interface Receipt {
  readonly requestId: string;
  readonly correlationId: string;
}

export function toReceipt({ requestId, correlationId }: HttpAnswer): Receipt {
  return { requestId, correlationId };
}

/**
 * What a PATCH has made of a document. Whether `$expand` counts with it no source says, and a document of ours has
 * lines: where the answer shows none, they are read.
 */
export async function toPatched<Document extends { readonly id: string; readonly lines: readonly unknown[] }>(
  document: Document,
  answer: HttpAnswer,
  get: (id: string) => Promise<Document>,
): Promise<Document & Receipt> {
  return { ...(document.lines.length > 0 ? document : await get(document.id)), ...toReceipt(answer) };
}

/** @param below path under the API, with a slash at its end, or nothing. */
export function createBusinessCentralTransport(
  options: EnvironmentOptions,
  below: string,
  parallel: number,
  api: 'v2.0' | 'microsoft/automate/v1.0' = 'v2.0',
): HttpTransport {
  return createTransport({
    api: 'business-central',
    baseUrl: `${options.environmentUrl}/api/${api}/${below}`,
    tokens: options.tokens,
    timeoutMs: options.timeoutMs,
    parallel,
    beforeRequest: options.beforeRequest,
    laneName: options.laneName,
    lane: options.lane,
    throttle: options.throttle,
    headers: { 'accept-language': 'en-US' },
    readError: (_status, body) => errorEnvelope.safeParse(body).data?.error ?? {},
    refine,
  });
}

/** A literal of an OData filter. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
