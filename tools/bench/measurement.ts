import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulators } from '@dealbridge/simulators';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import type { EmptyWork } from './bare-workflows.js';
import type { Contender } from './contender.js';
import type { History } from './histories.js';
import { type MeasuredProcess, peakMemoryMb, processorMs } from './processor.js';

/** At the quota: over everything, and while nothing but the quota is waited for. */
export interface UnderLimit {
  readonly dealsPerSecond: number;
  readonly throttled: number;
  readonly steadyRequestsPerSecond: number;
  /** When deals come as fast as the quota allows, one after another. */
  readonly evenDealsPerSecond?: number;
}

/** Of a deal whose customer and items are known: draft, posting, and what was posted. */
const REQUESTS_A_DEAL = 3;

/**
 * From a half to nine tenths of them: a worker that was just started is warm by then, and the last deals are not alone yet.
 * @param times in milliseconds, in their order
 */
function findSteadyRate(times: readonly number[]): number {
  const steady = times.slice(Math.floor(times.length * 0.5), Math.floor(times.length * 0.9));
  const [first = 0, last = 0] = [steady[0], steady.at(-1)];
  return last > first ? ((steady.length - 1) * 1_000) / (last - first) : 0;
}

/** What one contender has shown so far. */
export class Measurement {
  readonly contender: Contender;
  /** Milliseconds from the start to the end of deals that came one by one. */
  readonly times: number[] = [];
  /** Of each round in which many came at once. */
  readonly dealsPerSecond: number[] = [];
  readonly processor = new Map<string, number[]>();
  readonly statements: number[] = [];
  readonly histories: History[] = [];
  /** Of deals that came one by one. */
  readonly singles: History[] = [];
  readonly peakMb = new Map<string, number>();
  underLimit: UnderLimit | undefined;
  /** Milliseconds of processor a deal of the last round that followed when nothing was under way any more. */
  private leftBehindMs = 0;
  private readonly simulators: Simulators;

  constructor(contender: Contender, simulators: Simulators) {
    this.contender = contender;
    this.simulators = simulators;
  }

  /** @returns how large a deal is, where its history tells */
  async warmUp(deals: readonly SeedDocument[]): Promise<EmptyWork | undefined> {
    await this.untilEnded(deals);
    await this.contender.untilQuiet();
    await sleep(this.contender.leavesBehindMs);
    const histories = (await this.contender.readHistories?.(deals.slice(-SAMPLE))) ?? [];
    this.histories.push(...histories);
    if (histories.length === 0) return undefined;
    const median = (of: (history: History) => number) => Math.round(at(histories.map(of), 0.5));
    return {
      activities: median(({ activities }) => activities),
      workflowTasks: median(({ workflowTasks }) => workflowTasks),
    };
  }

  async oneByOne(deals: readonly SeedDocument[]): Promise<void> {
    for (const deal of deals) {
      const started = performance.now();
      await this.untilEnded([deal]);
      this.times.push(performance.now() - started);
    }
    await this.contender.untilQuiet();
    this.singles.push(...((await this.contender.readHistories?.(deals.slice(-SAMPLE))) ?? []));
  }

  /** The processor counts until its server is at rest, so that nobody pays for the one before; the clock until the last deal is at its end. */
  async atOnce(deals: readonly SeedDocument[]): Promise<void> {
    const processes = this.processes();
    const before = processes.map(({ pid }) => processorMs(pid));
    const statements = await this.contender.countStatements?.();
    const started = performance.now();
    await this.untilEnded(deals);
    this.dealsPerSecond.push((deals.length * 1_000) / (performance.now() - started));
    await this.contender.untilQuiet();
    const sum = (): number => processes.reduce((all, { pid }) => all + processorMs(pid), 0);
    const whenQuiet = sum();
    await sleep(this.contender.leavesBehindMs);
    this.leftBehindMs = (sum() - whenQuiet) / deals.length;
    for (const [index, { name, pid }] of processes.entries()) {
      const spent = (processorMs(pid) - (before[index] ?? 0)) / deals.length;
      this.processor.set(name, [...(this.processor.get(name) ?? []), spent]);
      this.peakMb.set(name, peakMemoryMb(pid));
    }
    const after = await this.contender.countStatements?.();
    if (statements !== undefined && after !== undefined) this.statements.push((after - statements) / deals.length);
  }

  /**
   * At the rate that its worker is allowed.
   * @param even deals that come after the burst, as fast as that rate lets them end
   */
  async limited(
    burst: readonly SeedDocument[],
    even?: { readonly deals: readonly SeedDocument[]; readonly ratePerSecond: number },
  ): Promise<void> {
    const { requests } = this.simulators.businessCentral;
    const from = requests.length;
    const dealsPerSecond = await this.speedOf(burst, () => this.untilEnded(burst));
    const sentAt = requests.slice(from).map(({ startedAt }) => Date.parse(startedAt));
    const everyMs = even && (REQUESTS_A_DEAL * 1_000) / even.ratePerSecond;
    const evenDealsPerSecond = even && (await this.speedOf(even.deals, () => this.untilEnded(even.deals, everyMs)));
    this.underLimit = {
      dealsPerSecond,
      ...(evenDealsPerSecond !== undefined && { evenDealsPerSecond }),
      throttled: requests.slice(from).filter(({ status }) => status === 429).length,
      steadyRequestsPerSecond: findSteadyRate(sentAt.sort((one, other) => one - other)),
    };
  }

  /** The last round in a line. */
  said(): string {
    const last = [...this.processor].map(([process, rounds]) => ({ process, ms: rounds.at(-1) ?? 0 }));
    const total = last.reduce((sum, { ms }) => sum + ms, 0).toFixed(0);
    const each = last.map(({ process, ms }) => `${process} ${ms.toFixed(0)}`).join(', ');
    const speed = this.dealsPerSecond.at(-1)?.toFixed(1);
    return `${this.contender.name}: ${speed} deals/s, ${total} ms of processor a deal (${each}; ${this.leftBehindMs.toFixed(0)} of them afterwards)`;
  }

  private processes(): MeasuredProcess[] {
    return [...this.contender.processes, { name: DRIVER, pid: process.pid }];
  }

  private async speedOf(deals: readonly SeedDocument[], run: () => Promise<void>): Promise<number> {
    const started = performance.now();
    await run();
    const dealsPerSecond = (deals.length * 1_000) / (performance.now() - started);
    await this.contender.untilQuiet();
    return dealsPerSecond;
  }

  /** @param everyMs from one start to the next; without it all start at once */
  private async untilEnded(deals: readonly SeedDocument[], everyMs = 0): Promise<void> {
    const wanted = this.contender.ended() + deals.length;
    const waiting = [...deals];
    const begun = performance.now();
    const starting = Array.from({ length: STARTS_AT_ONCE }, async () => {
      for (let deal = waiting.shift(); deal; deal = waiting.shift()) {
        const dueAt = begun + (deals.length - waiting.length - 1) * everyMs;
        if (everyMs > 0) await sleep(Math.max(0, dueAt - performance.now()));
        await this.contender.start(deal);
      }
    });
    await Promise.all(starting);
    const until = performance.now() + deals.length * PATIENCE_MS + PATIENCE_MS;
    while (this.contender.ended() < wanted) {
      if (performance.now() > until) {
        const missing = wanted - this.contender.ended();
        throw new Error(`${this.contender.name}: ${missing} of ${deals.length} deals did not come to their end`);
      }
      await sleep(1);
    }
  }
}

/** Holds the simulators as well. */
export const DRIVER = 'simulators and driver';

/** Histories that are read; what is the same for every deal needs no more. */
const SAMPLE = 10;
const STARTS_AT_ONCE = 50;
/** For each deal; ten times of what a busy machine needs. */
const PATIENCE_MS = 10_000;

/** What so large a share of them is not above; between two of them in proportion, so that the median of two is their middle. */
export function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? 0;
  return below + ((sorted[Math.ceil(place)] ?? 0) - below) * (place - Math.floor(place));
}
