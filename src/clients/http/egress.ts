import { Agent, buildConnector, Dispatcher, EnvHttpProxyAgent, Pool, setGlobalDispatcher } from 'undici';
import { DealbridgeError } from '../../deal/errors.js';
import { createDirectHosts } from './direct-hosts.js';

/** How requests leave this machine: by themselves, or through the proxy without which its network lets nothing out. */
export interface Egress {
  /** Address of the proxy for https, with user and password if it wants them; where only that of http is there, it serves both. */
  readonly https: string | undefined;
  readonly http: string | undefined;
  /** Hosts that are reached without it, as NO_PROXY lists them. */
  readonly direct: string | undefined;
  /** How long the proxy may take to open a tunnel: by default as long as a host that is reached without it. */
  readonly tunnelLimitMs?: number;
}

/** What it answers of itself: nothing has reached the host. */
export class ProxyRefused extends DealbridgeError {
  /** Undefined: it was silent. */
  readonly status: number | undefined;
  constructor(status: number | undefined) {
    super('proxy-refused', status === undefined ? 'the proxy did not answer in time' : `the proxy answered ${status}`);
    this.status = status;
  }
}

/** Why there was no answer, by its code; undefined when the error has none. */
export function toFailureCode(error: unknown): string | undefined {
  if (error instanceof ProxyRefused) return `PROXY_${error.status ?? 'TIMEOUT'}`;
  // By its code it would be 23, as browsers numbered their errors once.
  if (isTimeout(error)) return 'TIMEOUT';
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** Of a request whose signal gave it up. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** Connections that were never made, whatever for: name, network, certificate, proxy. */
const unconnected = new WeakSet<object>();

/** Whether certainly nothing of a request has left, by what it failed with. */
export function hasReachedNobody(error: unknown): boolean {
  return typeof error === 'object' && error !== null && unconnected.has(error);
}

function openPool(origin: string | URL, options: object): Dispatcher {
  const given = 'connect' in options && typeof options.connect === 'function' ? options.connect : buildConnector({});
  const connect: buildConnector.connector = (to, callback) =>
    given(to, (error: Error | null, socket: never) => {
      if (error) unconnected.add(error);
      callback(...([error, socket] as Parameters<buildConnector.Callback>));
    });
  return new Pool(origin, { ...options, connect });
}

/** What runs on this machine is nobody else's to reach. */
const HERE = 'localhost 127.0.0.0/8 ::1';

let egress: Egress | undefined;

/** For the whole process, before it asks anybody anything: what libraries ask by `fetch` leaves the same way. */
export function leaveBy(proxies: Egress | undefined): void {
  if (!proxies) return;
  egress = proxies;
  setGlobalDispatcher(createAgent());
}

export function leavesByProxy(): boolean {
  return egress !== undefined;
}

export function createAgent(options: Agent.Options = {}): Dispatcher {
  const direct = new Agent({ ...options, factory: openPool });
  if (!egress) return direct;
  const byProxy = new EnvHttpProxyAgent({
    ...options,
    factory: openPool,
    httpProxy: egress.http ?? '',
    httpsProxy: egress.https ?? '',
    // It knows no ranges, and takes an address of IPv6 for a name with a port.
    noProxy: '',
    // Many a proxy opens tunnels to https alone.
    proxyTunnel: false,
    clientFactory: (origin, pool) => new ProxyPool(origin, pool),
  });
  const isDirect = createDirectHosts(`${HERE} ${egress.direct ?? ''}`);
  return new ChoosingAgent((origin) => (isDirect(origin) ? direct : byProxy), [direct, byProxy]);
}

/** Each request leaves by one of several agents, by the host that it asks. */
class ChoosingAgent extends Dispatcher {
  readonly #choose: (origin: string | URL) => Dispatcher;
  readonly #agents: readonly Dispatcher[];

  constructor(choose: (origin: string | URL) => Dispatcher, agents: readonly Dispatcher[]) {
    super();
    this.#choose = choose;
    this.#agents = agents;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#choose(options.origin ?? '').dispatch(options, handler);
  }

  override async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.close()));
  }

  override async destroy(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.destroy()));
  }
}

const TUNNEL_LIMIT_MS = 10_000;

/** By itself undici throws what it throws of a request that was given up, and waits five minutes for a proxy that is silent. */
class ProxyPool extends Pool {
  override async connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    const signal = AbortSignal.timeout(egress?.tunnelLimitMs ?? TUNNEL_LIMIT_MS);
    const answer = await super.connect({ ...options, signal }).catch((error: unknown) => {
      throw isTimeout(error) ? new ProxyRefused(undefined) : error;
    });
    const { statusCode: status, socket } = answer;
    if (status === 200) return answer;
    socket.on('error', () => undefined).destroy();
    throw new ProxyRefused(status);
  }
}
