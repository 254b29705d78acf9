import { isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import { ConfigError } from '../deal/errors.js';
import { TEMPORAL_ANSWER_MS, TEMPORAL_WAIT_MS } from '../deal/time-limits.js';
import type { TemporalTls } from './temporal-tls.js';

/** The one way to Temporal: worker, starter, command line and doctor connect by the same options. */

export interface TemporalTarget {
  readonly address: string;
  readonly tls: TemporalTls | undefined;
  readonly apiKey: string | undefined;
}

type Options = Required<Pick<ConnectionOptions, 'address'>> & Pick<ConnectionOptions, 'tls'> & { apiKey?: string };

/**
 * @throws ConfigError for what a person has to correct: gRPC itself only says that the time is over. The worker's native connection has
 * no codes either, so a process opens it after the client's.
 */
export async function connectTemporal<T>(target: TemporalTarget, open: (options: Options) => Promise<T>): Promise<T> {
  try {
    return await open(toOptions(target));
  } catch (error) {
    const problem = findSignInProblem(error, target) ?? (await findTlsProblem(target));
    throw problem === undefined ? error : new ConfigError(`Temporal at ${target.address}: ${problem}`);
  }
}

/** By the client of the SDK. By itself its gRPC would go through a proxy that the environment names, which the worker's does not. */
export function connectTemporalClient(
  target: TemporalTarget,
  { answerMs = TEMPORAL_ANSWER_MS, ...more }: Pick<ConnectionOptions, 'connectTimeout'> & { answerMs?: number } = {},
): Promise<Connection> {
  const channelArgs = { 'grpc.enable_http_proxy': 0 };
  const interceptors = [boundedRetries(answerMs)];
  return connectTemporal(target, (options) => Connection.connect({ ...options, ...more, channelArgs, interceptors }));
}

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

/** What the server answers when a worker has, or when something happens. */
const WAITS = /\/(UpdateWorkflowExecution|PollWorkflowExecutionUpdate|QueryWorkflow|GetWorkflowExecutionHistory)$/;

/**
 * The SDK's own tries, all of them within one limit unless whoever asks has set another: a server that stands still keeps its
 * connections open, and by itself the client would wait for its answer for minutes.
 */
function boundedRetries(answerMs: number): Interceptor {
  const retries = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
  return (options, next) => {
    const limitMs = WAITS.test(options.method_definition.path) ? TEMPORAL_WAIT_MS : answerMs;
    return retries({ ...options, deadline: options.deadline ?? Date.now() + limitMs }, next);
  };
}

function toOptions({ address, tls, apiKey }: TemporalTarget): Options {
  if (!tls) return { address };
  const { ca, client } = tls.certificates;
  return {
    address,
    tls: {
      ...(tls.serverName !== undefined && { serverNameOverride: tls.serverName }),
      ...(ca !== undefined && { serverRootCACertificate: Buffer.from(ca) }),
      ...(client && { clientCertPair: { crt: Buffer.from(client.certificate), key: Buffer.from(client.key) } }),
    },
    ...(apiKey !== undefined && { apiKey }),
  };
}

/** PERMISSION_DENIED and UNAUTHENTICATED. */
const SIGN_IN_REFUSED: ReadonlySet<unknown> = new Set([7, 16]);

function findSignInProblem(error: unknown, { apiKey }: TemporalTarget): string | undefined {
  const codes = [error, error instanceof Error ? error.cause : undefined].map(grpcCodeOf);
  if (!codes.some((code) => SIGN_IN_REFUSED.has(code))) return undefined;
  return apiKey === undefined
    ? 'it wants an API key: set TEMPORAL_API_KEY'
    : 'it refuses the API key: correct TEMPORAL_API_KEY, or TEMPORAL_NAMESPACE that the key is for';
}

function grpcCodeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

const HANDSHAKE_LIMIT_MS = 5_000;

/** What a person can mend about TLS; undefined when there is nothing, or the server does not answer at all. */
async function findTlsProblem({ address, tls }: TemporalTarget): Promise<string | undefined> {
  const { isTls, failure } = await shakeHands(address, tls);
  if (!tls) return isTls ? 'it speaks TLS: set TEMPORAL_TLS=on' : undefined;
  if (failure === undefined) return undefined;
  if (failure === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `its certificate names another host: set TEMPORAL_TLS_SERVER_NAME to that name (${failure})`;
  }
  if (/^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(failure)) {
    return `its certificate is not trusted: name its CA in TEMPORAL_TLS_SERVER_CA_CERT_PATH (${failure})`;
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE/.test(failure)) {
    return `it does not speak TLS: set TEMPORAL_TLS=off, or correct TEMPORAL_ADDRESS (${failure})`;
  }
  if (isTls || /ALERT/.test(failure)) {
    const given = tls.certificates.client ? 'it refuses the client certificate' : 'it asks for a client certificate';
    return `${given}: correct TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (${failure})`;
  }
  return undefined;
}

interface Handshake {
  /** It came to its end, as far as we are concerned; a client certificate is judged after it. */
  readonly isTls: boolean;
  /** The code of the error; undefined when the server took us, or does not answer in time. */
  readonly failure?: string;
}

/** Where the SDKs connect to, by an address of theirs: of IPv6 without its brackets, and with their port where none is named. */
export function toEndpoint(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? DEFAULT_PORT : Number(port) };
}

const DEFAULT_PORT = 7233;

function shakeHands(address: string, tls: TemporalTls | undefined): Promise<Handshake> {
  const { host, port } = toEndpoint(address);
  const client = tls?.certificates.client;
  return new Promise((resolve) => {
    let isTls = false;
    const socket = connectTls({
      host,
      port,
      ALPNProtocols: ['h2'],
      // Without settings of ours nothing is trusted and nothing is said: it only shows whether TLS is spoken.
      rejectUnauthorized: tls !== undefined,
      ...(isIP(host) === 0 && { servername: host }),
      ...(tls?.serverName !== undefined && { servername: tls.serverName }),
      ...(tls?.certificates.ca !== undefined && { ca: tls.certificates.ca }),
      ...(client && { cert: client.certificate, key: client.key }),
    });
    const end = (handshake: Handshake) => {
      resolve(handshake);
      socket.destroy();
    };
    socket.once('secureConnect', () => {
      isTls = true;
    });
    // Whoever takes our certificate sends its settings; whoever does not hangs up, and some say why.
    socket.once('data', () => end({ isTls }));
    socket.on('error', (error) => end({ isTls, failure: codeOf(error) }));
    socket.once('close', () => end({ isTls, failure: 'closed' }));
    socket.setTimeout(HANDSHAKE_LIMIT_MS, () => end({ isTls }));
  });
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : 'unknown';
}
