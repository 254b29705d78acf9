import { readdirSync, readFileSync } from 'node:fs';

/** What a process and those that it started have used, as the kernel counts it; Linux only. */

export interface MeasuredProcess {
  readonly name: string;
  readonly pid: number;
}

/** The kernel's unit in /proc, whatever its own clock: `getconf CLK_TCK` on every Linux that Node runs on. */
const TICK_MS = 10;

interface Stat {
  readonly parent: number;
  readonly ms: number;
}

/** Milliseconds of processor, user and system, of the process, its children and theirs, ended ones included. */
export function processorMs(pid: number): number {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (stat) stats.set(Number(name), stat);
  }
  const belongs = (of: number): boolean => {
    for (let at: number | undefined = of; at !== undefined && at > 1; at = stats.get(at)?.parent) {
      // The driver's children are measured by themselves.
      if (at === pid) return pid !== process.pid || of === pid;
    }
    return false;
  };
  let sum = 0;
  for (const [of, { ms }] of stats) if (belongs(of)) sum += ms;
  return sum;
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before may hold blanks and brackets.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0] = fields.slice(1);
    const [own = 0, system = 0, children = 0, childrenSystem = 0] = fields.slice(11, 15);
    const ended = pid === process.pid ? 0 : children + childrenSystem;
    return { parent, ms: (own + system + ended) * TICK_MS };
  } catch {
    // It has ended meanwhile; its parent counts it.
    return undefined;
  }
}

/** The most memory that the process itself has held. */
export function peakMemoryMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}
