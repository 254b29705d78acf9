import type { Config } from './config.js';
import { findUnknownSettings } from './config.js';
import { createLog } from './log.js';
import { describeUnknownSetting } from './unknown-settings.js';

/** Of settings that nothing reads. Before anything is opened, so that it also stands in front of what then fails. */
export function warnOfUnknownSettings(name: string, { logLevel }: Config): void {
  const unknown = findUnknownSettings();
  if (unknown.length === 0) return;
  const log = createLog(name, logLevel);
  for (const one of unknown) log.warn({ setting: one.name, nearest: one.nearest }, describeUnknownSetting(one));
}
