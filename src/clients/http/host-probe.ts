import { lookup } from 'node:dns/promises';
import { connect } from 'node:tls';
import { request } from 'undici';
import { DealbridgeError } from '../../deal/errors.js';
import { isTimeout, leavesByProxy, ProxyRefused } from './egress.js';

/** How a host is reached, before anybody signs in: its name, its certificate, its clock. */

export interface HostFacts {
  /** Undefined behind a proxy, which looks names up itself. */
  readonly addresses: readonly string[] | undefined;
  /** Undefined for plain http, as simulators are reached, and behind a proxy. */
  readonly certificateUntil: Date | undefined;
  /** By the host's own clock, to the second; undefined when it does not tell. */
  readonly skewMs: number | undefined;
}

export class HostUnreachable extends DealbridgeError {
  readonly stage: 'name' | 'tls' | 'answer' | 'proxy';
  readonly reason: string;
  constructor(stage: HostUnreachable['stage'], reason: string) {
    super('host-unreachable', `${stage}: ${reason}`);
    this.stage = stage;
    this.reason = reason;
  }
}

/** @throws HostUnreachable */
export async function probeHost(address: string, timeoutMs: number): Promise<HostFacts> {
  const url = new URL(address);
  const near = leavesByProxy() ? { addresses: undefined, certificateUntil: undefined } : await lookAt(url, timeoutMs);
  const before = Date.now();
  const date = await request(new URL('/', url), { method: 'GET', signal: AbortSignal.timeout(timeoutMs) })
    .then(async (response) => {
      await response.body.dump();
      return Date.parse(String(response.headers['date'] ?? ''));
    })
    .catch((error: unknown) => {
      if (error instanceof ProxyRefused) throw new HostUnreachable('proxy', error.message);
      const code = codeOf(error);
      throw new HostUnreachable(UNTRUSTED.test(code) ? 'tls' : 'answer', code);
    });
  // The stamp is cut to the second and was made on the way.
  const skewMs = Number.isNaN(date) ? undefined : date + 500 - (before + Date.now()) / 2;
  return { ...near, skewMs };
}

/** How OpenSSL and Node name a certificate that they do not take. */
const UNTRUSTED = /CERT|UNABLE_TO_|SELF_SIGNED/;

async function lookAt(url: URL, timeoutMs: number): Promise<Pick<HostFacts, 'addresses' | 'certificateUntil'>> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = await lookup(host, { all: true }).catch((error: unknown) => {
    throw new HostUnreachable('name', codeOf(error));
  });
  const isTls = url.protocol === 'https:';
  const certificateUntil = isTls ? await readCertificate(host, Number(url.port || 443), timeoutMs) : undefined;
  return { addresses: addresses.map(({ address }) => address), certificateUntil };
}

function readCertificate(host: string, port: number, timeoutMs: number): Promise<Date> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, servername: host, timeout: timeoutMs }, () => {
      const until = new Date(socket.getPeerCertificate().valid_to);
      socket.destroy();
      resolve(until);
    });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new HostUnreachable('tls', reason));
    };
    socket.once('error', (error) => fail(codeOf(error)));
    socket.once('timeout', () => fail('no answer in time'));
  });
}

function codeOf(error: unknown): string {
  if (isTimeout(error)) return 'no answer in time';
  if (typeof error !== 'object' || error === null) return 'unknown';
  const code: unknown = Reflect.get(error, 'code') ?? Reflect.get(error, 'name');
  return String(code);
}
