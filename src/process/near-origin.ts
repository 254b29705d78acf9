const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Where this machine reaches what listens at a host; what listens at every address does so at this machine's own as well. */
export function toNearOrigin(host: string, port: number): string {
  const near = EVERYWHERE.has(host) ? '127.0.0.1' : host;
  return `http://${near.includes(':') ? `[${near}]` : near}:${port}`;
}
