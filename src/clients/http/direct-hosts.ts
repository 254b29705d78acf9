import { BlockList, isIP } from 'node:net';

/** Which hosts are reached without the proxy, in every way in which NO_PROXY names them to other tools. */
export type IsDirect = (origin: string | URL) => boolean;

interface Entry {
  readonly names: (host: string) => boolean;
  /** Undefined: whichever. */
  readonly port: number | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** @param list names, which stand for what is below them as well, addresses, and ranges such as `10.0.0.0/8`; each but a range may have a port */
export function createDirectHosts(list: string): IsDirect {
  const entries = list
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((text) => text !== '')
    .map(toEntry);
  return (origin) => {
    const url = new URL(origin);
    const host = withoutDot(withoutBrackets(url.hostname));
    const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
    return entries.some((entry) => (entry.port === undefined || entry.port === port) && entry.names(host));
  };
}

function toEntry(text: string): Entry {
  const range = findRange(text);
  if (range) return { names: (host) => isIP(host) !== 0 && range.check(host, familyOf(host)), port: undefined };
  // An address of IPv6 has a port only behind brackets.
  const [, host = text, port] = isIP(text) === 6 ? [] : (/^(.+?)(?::(\d+))?$/.exec(text) ?? []);
  return { names: toNames(withoutBrackets(host)), port: port === undefined ? undefined : Number(port) };
}

function findRange(text: string): BlockList | undefined {
  const [address = '', bits, ...more] = text.split('/');
  const bare = withoutBrackets(address);
  const width = { 0: -1, 4: 32, 6: 128 }[isIP(bare)] ?? -1;
  if (bits === undefined || more.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > width) return undefined;
  const range = new BlockList();
  range.addSubnet(bare, Number(bits), familyOf(bare));
  return range;
}

function toNames(host: string): Entry['names'] {
  if (isIP(host) !== 0) {
    // One address may be written in several ways.
    const one = new BlockList();
    one.addAddress(host, familyOf(host));
    return (asked) => isIP(asked) !== 0 && one.check(asked, familyOf(asked));
  }
  const name = withoutDot(host.replace(/^\*?\./, ''));
  return (asked) => asked === name || asked.endsWith(`.${name}`);
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}
