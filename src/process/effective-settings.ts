import type { Settings } from '../ledger/settings/configuration-log.js';
import type { Config } from './config.js';
import { VERSION } from './version.js';

/** The configuration as the audit trail may hold it, with the version that worked by it: flat, by name, without secrets. */

/** Whatever is called like a secret is left out, also what a later setting brings. */
const SECRET = /secret|password|credential|certificate|private|token|database/i;
/** Receivers of alerts: what the trail holds cannot be erased. */
const PEOPLE = /^rules\.alerts\.(mailFrom$|channels\.\d+\.to\.)/;
/**
 * What belongs to one process, or to its machine: where it listens, how it is watched and what it logs. Two of a kind that differ by it
 * work by the same configuration.
 */
const OF_ONE_PROCESS = /^(starter|desk)\.(host|port)$|^telemetry\.(status\.|traces\.serviceName$)|^logLevel$/;
const KEY = /(^|\.)key(s|Ring)?(\.|$)|Key(s|Ring)?(\.|$)/;

export function toEffectiveSettings({ mapping: _keptApart, rulesFile: _sameAsRules, ...config }: Config): Settings {
  const settings: Record<string, string | number | boolean> = { version: VERSION };
  flatten('', config, settings);
  return settings;
}

function flatten(path: string, value: unknown, into: Record<string, string | number | boolean>): void {
  if ([SECRET, KEY, PEOPLE, OF_ONE_PROCESS].some((left) => left.test(path))) return;
  if (typeof value === 'string') into[path] = withoutUser(value);
  else if (typeof value === 'number' || typeof value === 'boolean') into[path] = value;
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) flatten(path === '' ? key : `${path}.${key}`, inner, into);
  }
}

/** `https://user:password@host` keeps its host, also where an @ of the password stands as it is. */
function withoutUser(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
}
