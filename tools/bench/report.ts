import type { EmptyWork } from './bare-workflows.js';
import type { Way } from './histories.js';
import { at, DRIVER, type Measurement, type UnderLimit } from './measurement.js';
import type { BenchOptions } from './options.js';
import { print, row } from './print.js';

/** What a run has shown, as a table and as a record. Of several rounds the median counts. */

export interface Comparison {
  /** How large bare Temporal's empty workflows were. */
  readonly shape: EmptyWork;
  readonly contenders: readonly Result[];
  readonly ratios: readonly Ratio[];
}

/** Of a Dealbridge to one of the others. */
interface Ratio {
  readonly of: string;
  readonly to: string;
  readonly dealsPerSecond: number;
  readonly processor: number;
  /** Over the other's median. */
  readonly p50Ms: number;
}

interface Result {
  readonly name: string;
  readonly dealsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** A deal, by process. */
  readonly processorMs: Readonly<{ [process: string]: number }>;
  /** All of them but the driver, which stands for the other side. */
  readonly ownProcessorMs: number;
  readonly peakMb: Readonly<{ [process: string]: number }>;
  readonly events?: number;
  readonly workflowTasks?: number;
  readonly activities?: number;
  /** By the number of their type in Temporal's API. */
  readonly eventTypes?: Readonly<{ [type: string]: number }>;
  readonly statements?: number;
  /** Of deals that came one by one. */
  readonly way?: Way;
  readonly underLimit?: UnderLimit;
  /** What the medians are of. */
  readonly rounds: {
    readonly dealsPerSecond: readonly number[];
    readonly processorMs: Readonly<{ [process: string]: readonly number[] }>;
  };
}

export function toComparison(shape: EmptyWork, measurements: readonly Measurement[]): Comparison {
  const contenders = measurements.map(toResult);
  return { shape, contenders, ratios: toRatios(contenders) };
}

function toRatios(contenders: readonly Result[]): Ratio[] {
  const isProduct = ({ name }: Result) => name.startsWith('Dealbridge');
  const others = contenders.filter((result) => !isProduct(result));
  return contenders.filter(isProduct).flatMap((product) =>
    others.map((other) => ({
      of: product.name,
      to: other.name,
      dealsPerSecond: product.dealsPerSecond / other.dealsPerSecond,
      processor: product.ownProcessorMs / other.ownProcessorMs,
      p50Ms: product.p50Ms - other.p50Ms,
    })),
  );
}

function toResult(measured: Measurement): Result {
  const { contender, times, dealsPerSecond, processor, statements, histories, singles, peakMb, underLimit } = measured;
  const processorMs = Object.fromEntries([...processor].map(([name, rounds]) => [name, rounded(at(rounds, 0.5))]));
  const own = Object.entries(processorMs).filter(([name]) => name !== DRIVER);
  const [first] = histories;
  const median = (of: (history: (typeof histories)[number]) => number) => at(histories.map(of), 0.5);
  return {
    name: contender.name,
    dealsPerSecond: rounded(at(dealsPerSecond, 0.5)),
    p50Ms: rounded(at(times, 0.5)),
    p99Ms: rounded(at(times, 0.99)),
    processorMs,
    ownProcessorMs: rounded(own.reduce((sum, [, ms]) => sum + ms, 0)),
    peakMb: Object.fromEntries([...peakMb].map(([name, mb]) => [name, Math.round(mb)])),
    ...(first && {
      events: median(({ events }) => events),
      workflowTasks: median(({ workflowTasks }) => workflowTasks),
      activities: median(({ activities }) => activities),
      eventTypes: first.types,
    }),
    ...(singles.length > 0 && { way: toMedians(singles.map(({ way }) => way)) }),
    ...(statements.length > 0 && { statements: rounded(at(statements, 0.5)) }),
    ...(underLimit && {
      underLimit: {
        throttled: underLimit.throttled,
        dealsPerSecond: rounded(underLimit.dealsPerSecond),
        evenDealsPerSecond: rounded(underLimit.evenDealsPerSecond ?? 0),
        steadyRequestsPerSecond: rounded(underLimit.steadyRequestsPerSecond),
      },
    }),
    rounds: {
      dealsPerSecond: dealsPerSecond.map(rounded),
      processorMs: Object.fromEntries([...processor].map(([name, rounds]) => [name, rounds.map(rounded)])),
    },
  };
}

function toMedians(ways: readonly Way[]): Way {
  const median = (of: (way: Way) => number) => rounded(at(ways.map(of), 0.5));
  return {
    workflowTasksMs: median(({ workflowTasksMs }) => workflowTasksMs),
    untilBegunMs: median(({ untilBegunMs }) => untilBegunMs),
    stepsMs: median(({ stepsMs }) => stepsMs),
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

const COLUMNS = ['', 'deals/s', 'p50 ms', 'p99 ms', 'processor ms/deal', 'events', 'tasks', 'statements'];

/** As Markdown, so that it can stand in a document as it is. */
export function printComparison(
  { shape, contenders, ratios }: Comparison,
  { rounds, singles, deals, rate }: Pick<BenchOptions, 'rounds' | 'singles' | 'deals' | 'rate'>,
): void {
  print(
    `${rounds} rounds in turn, each ${singles} deals one by one and ${deals} at once, ` +
      `medians; bare Temporal: ${shape.activities} activities and ${shape.workflowTasks} workflow tasks\n`,
  );
  print(row(COLUMNS));
  print(row(COLUMNS.map(() => '---')));
  for (const result of contenders) {
    const { name, dealsPerSecond, p50Ms, p99Ms, ownProcessorMs, events, workflowTasks, statements } = result;
    print(row([name, dealsPerSecond, p50Ms, p99Ms, ownProcessorMs, events, workflowTasks, statements]));
  }
  print('\nProcessor ms of each process a deal, and its peak memory:\n');
  for (const { name, processorMs, peakMb } of contenders) {
    const processes = Object.entries(processorMs).map(([of, ms]) => `${of} ${ms} ms (${peakMb[of]} MB)`);
    print(`- ${name}: ${processes.join(', ')}`);
  }
  print('\nWhere the time of a deal that comes alone goes, until the end of its last step:\n');
  for (const { name, way } of contenders) {
    if (!way) continue;
    const { workflowTasksMs, untilBegunMs, stepsMs } = way;
    print(`- ${name}: workflow tasks ${workflowTasksMs} ms, until steps began ${untilBegunMs} ms, steps ${stepsMs} ms`);
  }
  print('');
  for (const { name, underLimit } of contenders) {
    if (!underLimit) continue;
    const { dealsPerSecond, evenDealsPerSecond, steadyRequestsPerSecond, throttled } = underLimit;
    const allowed = `${rate} requests/s allowed`;
    print(
      `- ${name}, ${allowed}: ${dealsPerSecond} deals/s of a burst (once warm ${steadyRequestsPerSecond} requests/s), ` +
        `${evenDealsPerSecond} deals/s where they come evenly, ${throttled} answered with 429`,
    );
  }
  for (const { of, to, dealsPerSecond, processor, p50Ms } of ratios) {
    print(
      `- ${of} to ${to}: ${dealsPerSecond.toFixed(2)} of its deals/s, ${processor.toFixed(1)} times its processor, ` +
        `${p50Ms.toFixed(0)} ms over its median`,
    );
  }
}
