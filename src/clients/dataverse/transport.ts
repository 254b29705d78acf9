import type { z } from 'zod';
import type { TokenSource } from '../entra/tokens.js';
import { RemoteApiError } from '../errors.js';
import type { Lane } from '../http/lane.js';
import type { Throttle } from '../http/throttle.js';
import { createTransport, type HttpTransport } from '../http/transport.js';
import { readWire } from '../http/wire.js';
import { REPEATABLE } from '../http/write-context.js';
import { refine } from './refusals.js';
import { errorEnvelope } from './rows.js';

export interface DataverseClientOptions {
  /** Origin of the environment, such as `https://contoso.crm4.dynamics.com`. */
  readonly environmentUrl: string;
  readonly tokens: TokenSource;
  readonly timeoutMs: number;
  readonly laneName?: string | undefined;
  /** As in `HttpOptions`: keeps requests from an environment that is not the one we know. */
  readonly beforeRequest?: ((asked: string) => Promise<void>) | undefined;
  readonly lane?: Lane | undefined;
  readonly throttle?: Throttle | undefined;
}

/** What every request to Dataverse has in common. */
export function createDataverseTransport(options: DataverseClientOptions, parallel: number): HttpTransport {
  return createTransport({
    api: 'dataverse',
    baseUrl: `${options.environmentUrl}/api/data/v9.2/`,
    tokens: options.tokens,
    timeoutMs: options.timeoutMs,
    parallel,
    beforeRequest: options.beforeRequest,
    laneName: options.laneName,
    lane: options.lane,
    throttle: options.throttle,
    headers: { 'odata-maxversion': '4.0', 'odata-version': '4.0', 'if-none-match': 'null' },
    readError: (_status, body) => errorEnvelope.safeParse(body).data?.error ?? {},
    refine,
  });
}

/** What is gone is what was wanted. */
export async function deleteIfThere(http: HttpTransport, asked: string, path: string): Promise<void> {
  try {
    await http.send({ method: 'DELETE', path, asked, context: REPEATABLE });
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw error;
  }
}

/** Reads one answer of a shape. */
export function createReader(http: HttpTransport) {
  return async <T>(asked: string, path: string, shape: z.ZodType<T>): Promise<T> => {
    const { body, requestId } = await http.send({ method: 'GET', path, asked });
    return readWire('dataverse', asked, shape, body, requestId);
  };
}
