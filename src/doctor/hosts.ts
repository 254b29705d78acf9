import { type HostFacts, probeHost } from '../clients/http/host-probe.js';
import type { Config } from '../process/config.js';
import { type Finding, notChecked, ok, warning, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** Name, TLS and clock of each host that Dealbridge talks to. */

const TIMEOUT_MS = 10_000;
const DAY_MS = 86_400_000;
const CERTIFICATE_SOON_MS = 14 * DAY_MS;
const SKEW_WARNS_MS = 60_000;
/** Entra refuses signed assertions, and tokens count as expired or not yet valid, from here on. */
const SKEW_IS_WRONG_MS = 5 * 60_000;

export function examineHost(
  title: string,
  configuration: Step<Config>,
  of: (config: Config) => string,
): Step<HostFacts> {
  return createStep(title, { config: configuration }, async ({ config }) => {
    const address = of(config);
    const value = await probeHost(address, TIMEOUT_MS);
    return { value, findings: toFindings(address, value) };
  });
}

function toFindings(address: string, { addresses, certificateUntil }: HostFacts): Finding[] {
  const { host, protocol } = new URL(address);
  const reached = addresses?.join(', ') ?? 'reached by the proxy of the settings, unless NO_PROXY names it';
  const name = ok('name', `${host} is ${reached}`);
  if (protocol === 'http:') return [name, ok('tls', 'plain http: a simulator, never a real system')];
  if (certificateUntil === undefined) return [name, ok('tls', 'trusted')];
  const until = `certificate until ${certificateUntil.toISOString().slice(0, 10)}`;
  const isSoon = certificateUntil.getTime() - Date.now() < CERTIFICATE_SOON_MS;
  return [
    name,
    isSoon
      ? warning('tls', until, `Ask whoever runs ${host}, or the proxy before it, for a new certificate.`)
      : ok('tls', `${until}, trusted`),
  ];
}

export function examineClock(hosts: Readonly<Record<string, Step<HostFacts>>>): Step<true> {
  return createStep('clock', hosts, async (facts) => ({
    value: true,
    findings: Object.entries(facts).map(([name, { skewMs }]) => toSkew(name, skewMs)),
  }));
}

function toSkew(name: string, skewMs: number | undefined): Finding {
  if (skewMs === undefined) return notChecked(name, 'the host does not tell its time');
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  const found = `this machine is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead'}`;
  const advice = 'Let NTP set the clock of this machine (timedatectl set-ntp true).';
  if (Math.abs(skewMs) > SKEW_IS_WRONG_MS) return wrong(name, found, advice);
  return Math.abs(skewMs) > SKEW_WARNS_MS ? warning(name, found, advice) : ok(name, found);
}
