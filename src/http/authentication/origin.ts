/** Under which address a browser reached us; what is not an address of ours is refused, so that no other name may be put on us. */

const THIS_MACHINE: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Whether an origin is this machine over plain http, where no cookie can be `Secure`. */
export function isThisMachine(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === 'http:' && THIS_MACHINE.has(hostname);
}

/** Undefined for a host that is not ours. */
export function findOrigin(host: string | undefined, publicUrl: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  if (publicUrl !== undefined && new URL(publicUrl).host === host.toLowerCase()) return new URL(publicUrl).origin;
  const here = `http://${host}`;
  return URL.canParse(here) && isThisMachine(here) && new URL(here).host === host.toLowerCase() ? here : undefined;
}

/** The page from which a form or a part of a page was asked for; undefined when that is none of ours. */
export function findPage(address: string | undefined, origin: string): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return url.origin === origin ? `${url.pathname}${url.search}` : undefined;
}

/** Where somebody goes after signing in: a page of ours, or the first one. */
export function toReturnPath(wanted: string | undefined): string {
  const isOurs = wanted !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(wanted) && !wanted.startsWith('/sign-');
  return isOurs ? wanted : '/';
}
