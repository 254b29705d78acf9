import type { TemporalPlace } from '../stage/temporal.js';
import type { MeasuredProcess } from './processor.js';

/** The Temporal that is measured; what it costs is its own time and, where it has one, that of its database. */
export interface BenchTemporal extends TemporalPlace {
  readonly pid: number;
  /** Absent for the development server, which keeps everything in its own process. */
  readonly databasePid?: number | undefined;
}

/** Each workflow task leaves timers of up to ten seconds, which are looked at and deleted when they are over. */
export const LEFT_BEHIND_MS = 12_000;

export function toProcesses({ pid, databasePid }: BenchTemporal): MeasuredProcess[] {
  const database = databasePid === undefined ? [] : [{ name: 'its PostgreSQL', pid: databasePid }];
  return [{ name: 'Temporal', pid }, ...database];
}
