import { ConfigError } from '../deal/errors.js';

/** Which setting is to be another one when a server may not listen. */
export function toListenError(
  settings: { readonly host: string; readonly port: string },
  address: string,
  { code }: NodeJS.ErrnoException,
): ConfigError {
  const setting = code === 'EADDRINUSE' || code === 'EACCES' ? settings.port : settings.host;
  return new ConfigError(
    `setting ${setting}: expected an address on which this process may listen, got ${address} (${code})`,
  );
}
