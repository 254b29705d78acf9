import { z } from 'zod';
import type { Egress } from '../clients/http/egress.js';
import { isAddress } from './address.js';

/** The proxy that requests leave by, in the settings that every tool knows; each is read in lower case, too. */

const proxy = z
  .string()
  .refine(
    (text) => /^https?:\/\//i.test(text) && isAddress(text) && hasBothOrNeither(new URL(text)),
    'the address of a proxy such as http://proxy.example.com:3128 or http://user:password@proxy.example.com:3128 (a % of the password as %25)',
  );

/** A user without a password would not be named to the proxy at all. */
function hasBothOrNeither({ username, password }: URL): boolean {
  return (username === '') === (password === '');
}

export const egressSettings = z.object({
  HTTPS_PROXY: proxy.optional(),
  HTTP_PROXY: proxy.optional(),
  NO_PROXY: z.string().optional(),
});

const NAMES = Object.keys(egressSettings.shape);

/** Set to nothing they are not set: that is how a proxy of the whole machine is switched off for one program. */
export function withProxySettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const read = { ...env };
  for (const name of NAMES) {
    const value = (env[name] ?? env[name.toLowerCase()])?.trim();
    if (value) read[name] = value;
    else delete read[name];
  }
  return read;
}

export function toEgress(e: z.output<typeof egressSettings>): Egress | undefined {
  const { HTTPS_PROXY: https, HTTP_PROXY: http, NO_PROXY: direct } = e;
  if (https === undefined && http === undefined) return undefined;
  // Every host.
  if (direct?.split(/[,\s]/).includes('*')) return undefined;
  return { https, http, direct };
}
