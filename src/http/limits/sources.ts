import { BlockList, isIP, isIPv6 } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import { InternalError } from '../../deal/errors.js';

/** Who asks: the address of the peer, or what a proxy of ours says of it. */
export interface Sources {
  of(c: Context): string;
  isProxy(address: string): boolean;
  /** Something between us and the caller is not among the proxies: all that comes through it counts as one source. */
  isBehindUnknownProxy(c: Context): boolean;
}

/** @param proxies addresses and ranges such as `10.0.0.0/8` @throws InternalError that names the part that is neither */
export function createSources(proxies: readonly string[]): Sources {
  const known = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = familyOf(address);
    const width = isIPv6(address) ? 128 : 32;
    if (family === undefined || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= width)))
      throw new InternalError(`'${proxy}' is neither an address nor a range`);
    if (bits === undefined) known.addAddress(address, family);
    else known.addSubnet(address, Number(bits), family);
  }
  const isProxy = (text: string): boolean => {
    const address = toPlain(text);
    const family = familyOf(address);
    return family !== undefined && known.check(address, family);
  };
  return {
    isProxy,
    of(c) {
      const forwarded = forwardedOf(c);
      let address = toPlain(getConnInfo(c).remote.address ?? '');
      // Each proxy adds the address that it saw to the end; what stands left of the first stranger is anybody's word.
      while (isProxy(address)) {
        const before = toPlain(forwarded.pop() ?? '');
        if (familyOf(before) === undefined) break;
        address = before;
      }
      return toSource(address);
    },
    isBehindUnknownProxy: (c) => forwardedOf(c).length > 0 && !isProxy(getConnInfo(c).remote.address ?? ''),
  };
}

function forwardedOf(c: Context): string[] {
  const parts = (c.req.header('x-forwarded-for') ?? '').split(',').map((address) => address.trim());
  return parts.filter((address) => address !== '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 6 ? 'ipv6' : 'ipv4';
}

/** Some proxies add the port; IPv4 may be written as IPv6. */
function toPlain(text: string): string {
  const address = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** One subscriber owns a /64 of IPv6, so that is one source. */
export function toSource(text: string): string {
  const address = toPlain(text);
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
