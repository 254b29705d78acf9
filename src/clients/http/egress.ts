import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool, setGlobalDispatcher } from 'undici';
import { DealbridgeError } from '../../deal/errors.js';

/** How requests leave this machine: by themselves, or through the proxy without which its network lets nothing out. */
export interface Egress {
  /** Address of the proxy for https, with user and password if it wants them; where only that of http is there, it serves both. */
  readonly https: string | undefined;
  readonly http: string | undefined;
  /** Hosts that are reached without it, as NO_PROXY lists them. */
  readonly direct: string | undefined;
}

/** What it answers of itself: nothing has reached the host. */
export class ProxyRefused extends DealbridgeError {
  readonly status: number;
  constructor(status: number) {
    super('proxy-refused', `the proxy answered ${status}`);
    this.status = status;
  }
}

/** Why there was no answer, by its code; undefined when the error has none. */
export function toFailureCode(error: unknown): string | undefined {
  if (error instanceof ProxyRefused) return `PROXY_${error.status}`;
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** What runs on this machine is nobody else's to reach. */
const HERE = ['localhost', '127.0.0.1', '[::1]'];

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
  if (!egress) return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy: egress.http ?? '',
    httpsProxy: egress.https ?? '',
    noProxy: [...HERE, egress.direct ?? ''].join(','),
    // Many a proxy opens tunnels to https alone.
    proxyTunnel: false,
    clientFactory: (origin, pool) => new ProxyPool(origin, pool),
  });
}

/** By itself undici throws what it throws of a request that was given up, and that one may have arrived. */
class ProxyPool extends Pool {
  override async connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    const answer = await super.connect(options);
    const { statusCode: status, socket } = answer;
    if (status === 200) return answer;
    socket.on('error', () => undefined).destroy();
    throw new ProxyRefused(status);
  }
}
