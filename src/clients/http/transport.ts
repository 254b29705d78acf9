import type { Dispatcher } from 'undici';
import { observeRequest } from '../../telemetry/requests.js';
import type { TokenSource } from '../entra/tokens.js';
import { type RemoteApi, RemoteApiError, type RemoteErrorCode, type RemoteErrorFacts } from '../errors.js';
import { createConnections } from './connections.js';
import { createAgent, hasReachedNobody, toFailureCode } from './egress.js';
import type { Lane } from './lane.js';
import { parseLosslessJson, stringifyLosslessJson } from './lossless-json.js';
import { readAtMost, readTextAtMost } from './read-at-most.js';
import { readRetryAfter } from './retry-after.js';
import type { Throttle } from './throttle.js';
import type { WriteContext } from './write-context.js';

interface Asking {
  /** Below the base URL, without a leading slash, query included. */
  readonly path: string;
  /** What is asked, in words for an error message: `create the draft`. */
  readonly asked: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface ReadRequest extends Asking {
  readonly method: 'GET';
}

interface WriteRequest extends Asking {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  readonly context: WriteContext;
}

export type HttpRequest = ReadRequest | WriteRequest;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON with decimals as text; undefined when the body was empty. */
  readonly body: unknown;
  readonly requestId: string;
  /** The GUID that we sent with this one attempt. */
  readonly correlationId: string;
}

/** An answer that is not 2xx, with what was asked. */
export interface Refusal {
  readonly status: number;
  readonly remoteCode?: string | undefined;
  readonly message?: string | undefined;
  readonly method: HttpRequest['method'];
  readonly row?: AddressedRow | undefined;
}

/** The row that a path names by its key: `salesInvoices(…)`, also when an action or a part of it follows. */
export interface AddressedRow {
  readonly set: string;
  readonly key: string;
}

export interface Download {
  /** Undefined when there are more than asked for. */
  readonly bytes: Buffer | undefined;
  readonly requestId: string;
}

export interface HttpOptions {
  readonly api: RemoteApi;
  readonly baseUrl: string;
  readonly tokens: TokenSource;
  /** Shorter than the activity's time limit, so that no attempt outlives its activity. */
  readonly timeoutMs: number;
  readonly parallel: number;
  /** The queue of the app registration that asks, by which its requests are counted; without one that of the system. */
  readonly laneName?: string | undefined;
  /** Called before every request; what it throws keeps the request from being sent. */
  readonly beforeRequest?: ((asked: string) => Promise<void>) | undefined;
  /** Without one a refused sign-in is answered as it comes. */
  readonly lane?: Lane | undefined;
  /** Without one a 429 concerns only the request that hears it. */
  readonly throttle?: Throttle | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Reads the error envelope of this API. */
  readonly readError: (status: number, body: unknown) => { code?: string | undefined; message?: string | undefined };
  /** Refines the code of an answer by the API's own knowledge (lock texts behind a 409, for instance). */
  readonly refine?: (refusal: Refusal) => RemoteErrorCode | undefined;
}

export interface HttpTransport {
  /** Sends once and never again (Temporal repeats); only a 401 renews the token and asks a second time.
   * @throws RemoteApiError for every answer that is not 2xx, and for none. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** The bytes of an answer; what is larger is left unread, so that memory stays bounded. Else as {@link send}. */
  download(request: Asking, maxBytes: number): Promise<Download>;
  close(): Promise<void>;
}

const REQUEST_ID_HEADERS = ['request-id', 'x-ms-service-request-id', 'x-ms-correlation-id', 'req_id'];

export function createTransport(options: HttpOptions): HttpTransport {
  const agent = createAgent({ connections: options.parallel, pipelining: 1, keepAliveTimeout: 30_000 });
  const connections = createConnections(options.parallel);
  const base = new URL(options.baseUrl.endsWith('/') ? options.baseUrl : `${options.baseUrl}/`);

  /** The pause is looked at last, when nothing is waited for any more: no connection either. */
  async function attempt(asking: HttpRequest, token: string, maxBytes?: number): Promise<Answered> {
    const askedAt = performance.now();
    const giveBack = await connections.take(options.timeoutMs);
    if (!giveBack) throw new RemoteApiError(options.api, 'unavailable', asking.asked, { remoteCode: 'NO_CONNECTION' });
    const restMs = Math.max(1, Math.ceil(options.timeoutMs - (performance.now() - askedAt)));
    const send = () => sendNow(asking, token, restMs, maxBytes);
    try {
      return await (options.throttle ? options.throttle.run(asking.asked, send) : send());
    } finally {
      giveBack();
    }
  }

  async function sendNow(asking: HttpRequest, token: string, timeoutMs: number, maxBytes?: number): Promise<Answered> {
    let correlationId = '';
    const body = asking.method === 'GET' ? undefined : asking.body;
    if (asking.method !== 'GET') await asking.context.beforeSending();
    let response: Dispatcher.ResponseData & Content;
    try {
      const { method, path } = asking;
      const observed = { system: options.api, lane: options.laneName, method, path };
      response = await observeRequest(observed, async ({ traceHeaders, correlate }) => {
        correlationId = correlate();
        const answer = await agent.request({
          origin: base.origin,
          path: base.pathname + path,
          method,
          headers: {
            authorization: `Bearer ${token}`,
            accept: 'application/json',
            'x-ms-client-request-id': correlationId,
            ...traceHeaders,
            ...(body !== undefined && { 'content-type': Buffer.isBuffer(body) ? OCTETS : JSON_TYPE }),
            ...options.headers,
            ...asking.headers,
          },
          ...(body !== undefined && { body: Buffer.isBuffer(body) ? body : stringifyLosslessJson(body) }),
          signal: AbortSignal.timeout(timeoutMs),
        });
        return { ...answer, ...(await readContent(answer, maxBytes)) };
      });
    } catch (error) {
      // No answer: a connection that was never made certainly changed nothing, everything else may have.
      const code = hasReachedNobody(error) ? 'unavailable' : 'unknown-outcome';
      throw new RemoteApiError(options.api, code, asking.asked, {
        requestId: correlationId,
        remoteCode: toFailureCode(error),
      });
    }
    const requestId = readRequestId(response.headers) ?? correlationId;
    if (response.isTooLarge) {
      const asked = `${asking.asked} (${options.api} answered more than ${MAX_ANSWER_MIB} MiB)`;
      throw new RemoteApiError(options.api, 'unreadable', asked, { status: response.statusCode, requestId });
    }
    const answered = parseBody(options.api, asking, response.statusCode, response.text, requestId);
    if (isSuccess(response)) {
      return {
        status: response.statusCode,
        headers: response.headers,
        body: answered,
        bytes: response.bytes,
        requestId,
        correlationId,
      };
    }
    throw toError(options, asking, response, answered, requestId);
  }

  async function sendSignedIn(asking: HttpRequest, maxBytes?: number): Promise<Answered> {
    try {
      return await attempt(asking, await options.tokens.getToken(), maxBytes);
    } catch (error) {
      if (!(error instanceof RemoteApiError) || error.facts.status !== 401) throw error;
      return attempt(asking, await options.tokens.getToken({ renew: true }), maxBytes);
    }
  }

  async function exchange(asking: HttpRequest, maxBytes?: number): Promise<Answered> {
    // First, since what it asks may be the one request that a paused lane lets leave.
    await options.beforeRequest?.(asking.asked);
    return options.lane
      ? options.lane.run(asking.asked, () => sendSignedIn(asking, maxBytes))
      : sendSignedIn(asking, maxBytes);
  }

  return {
    send: (asking) => exchange(asking),
    async download(asking, maxBytes) {
      const { bytes, requestId } = await exchange({ ...asking, method: 'GET' }, maxBytes);
      return { bytes, requestId };
    },
    close: () => agent.close(),
  };
}

const JSON_TYPE = 'application/json; charset=utf-8';
const OCTETS = 'application/octet-stream';

interface Answered extends HttpAnswer {
  readonly bytes: Buffer | undefined;
}

function isSuccess({ statusCode }: Dispatcher.ResponseData): boolean {
  return statusCode >= 200 && statusCode < 300;
}

interface Content {
  readonly text: string;
  readonly bytes: Buffer | undefined;
  /** An answer in words that nobody sends: the rest of it is left unread. */
  readonly isTooLarge: boolean;
}

/** A page of five thousand rows, the most that either system gives, has about ten. */
const MAX_ANSWER_MIB = 64;

/** @param maxBytes undefined: the answer is text; so is every refusal */
async function readContent(response: Dispatcher.ResponseData, maxBytes: number | undefined): Promise<Content> {
  if (maxBytes !== undefined && isSuccess(response))
    return { text: '', bytes: await readAtMost(response, maxBytes), isTooLarge: false };
  const text = await readTextAtMost(response, MAX_ANSWER_MIB * 1024 * 1024);
  // A refusal still has its status.
  return { text: text ?? '', bytes: undefined, isTooLarge: text === undefined && isSuccess(response) };
}

function parseBody(api: RemoteApi, asking: HttpRequest, status: number, text: string, requestId: string): unknown {
  if (text === '') return undefined;
  try {
    return parseLosslessJson(text);
  } catch {
    // Gateways answer HTML; only a success that cannot be read is a fault of its own. Its cause quotes the body (I7).
    if (status >= 300) return undefined;
    throw new RemoteApiError(api, 'unreadable', asking.asked, { status, requestId });
  }
}

function toError(
  options: HttpOptions,
  asking: HttpRequest,
  response: Dispatcher.ResponseData,
  body: unknown,
  requestId: string,
): RemoteApiError {
  const status = response.statusCode;
  const { code: remoteCode, message: remoteMessage } = options.readError(status, body);
  const row = readAddressedRow(asking.path);
  const facts: RemoteErrorFacts = {
    status,
    remoteCode,
    remoteMessage,
    requestId,
    rowOf: row?.set,
    retryAfterMs: readRetryAfter(response.headers),
  };
  const refusal = { status, remoteCode, message: remoteMessage, method: asking.method, row };
  const isTheirs = remoteCode !== undefined || remoteMessage !== undefined;
  const code = options.refine?.(refusal) ?? (isTheirs ? toCode(status) : toCodeOfGateway(status));
  return new RemoteApiError(options.api, code, asking.asked, facts);
}

function readAddressedRow(path: string): AddressedRow | undefined {
  const [, set, key] = /^(\w+)\(([^)]+)\)/.exec(path) ?? [];
  return set === undefined || key === undefined ? undefined : { set, key: key.replaceAll("'", '') };
}

/** How anything on the way refuses a request for what it is, whoever asks it again and when: somebody has to see that. */
const FOR_GOOD: ReadonlySet<number> = new Set([405, 413, 414, 415, 431]);

/** What both systems say in their own words comes from something in between where it has none: the deal has no part in it. */
function toCodeOfGateway(status: number): RemoteErrorCode {
  const code = toCode(status);
  const isVerdict = code === 'forbidden' || code === 'not-found' || (code === 'rejected' && status < 500);
  return isVerdict && !FOR_GOOD.has(status) ? 'unavailable' : code;
}

/** reference/business-central 10.4, reference/dataverse-sales 6.4. */
function toCode(status: number): RemoteErrorCode {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 408:
      return 'unknown-outcome';
    case 409:
    case 412:
      return 'conflict';
    case 429:
      return 'throttled';
    // A proxy and a network that want somebody to sign in to them, and hand on nothing before.
    case 407:
    case 511:
    case 503:
      return 'unavailable';
    case 501:
      return 'rejected';
    default:
      // Neither API sends anybody elsewhere: what does stands in between, and nobody is to correct a deal for it.
      if (status < 400) return 'unreadable';
      // Gateways have numbers of their own for an answer that they lost (I3).
      return status < 500 ? 'rejected' : 'unknown-outcome';
  }
}

function readRequestId(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}
