import type { Simulators } from '@dealbridge/simulators';
import type { FaultRule } from '@dealbridge/simulators/kernel/faults.js';
import type { Deal } from './deals.js';
import { effectOf } from './effects.js';
import { REQUEST_KINDS, type System } from './request-kinds.js';

/** What either system refuses until a person has mended it: rights that are missing, a closed period, blocked customers. */

/** Of deals alone: what feeds and the comparison of master data are refused is another matter. */
const REFUSED_KINDS: ReadonlySet<string> = new Set([
  'read opportunity',
  'read quote',
  'read order',
  'create invoice row',
  'change invoice row',
  'create note',
  'write columns',
  'set order invoiced',
  'read invoice',
  'create invoice',
  'set invoice discount',
  'post invoice',
  'delete invoice',
  'create order',
  'ship and invoice',
  'delete order',
  'create quote',
  'convert quote',
]);
/** So many requests of a kind go well between two refusals: each of them waits for a person. */
const FIRST = [1, 4] as const;
const GAP = [12, 30] as const;

export function planRefusals(deals: number, random: () => number): Readonly<Record<System, readonly FaultRule[]>> {
  const between = ([shortest, longest]: readonly [number, number]): number =>
    shortest + Math.floor(random() * (longest - shortest + 1));
  const planned: Record<System, FaultRule[]> = { entra: [], dataverse: [], businessCentral: [] };
  for (const { system, name, method, path, perHundred } of REQUEST_KINDS) {
    if (!REFUSED_KINDS.has(name)) continue;
    const last = Math.max(FIRST[1], Math.ceil((perHundred * deals) / 100));
    for (let nth = between(FIRST); nth <= last; nth += between(GAP))
      planned[system].push({
        id: `${system}/${name}/403/${nth}`,
        match: { method, path },
        nth,
        effect: effectOf(system, '403'),
      });
  }
  return planned;
}

/** `period`: the posting period closes; `customers`: some that are about to be billed are blocked. */
export const SETUPS = ['period', 'customers'] as const;
export type Setup = (typeof SETUPS)[number];

/** Somebody in Business Central who closes what has to be open, and mends it when a deal waits for it. */
export interface Bookkeeper {
  close(setup: Setup): void;
  /** Whether what holds such a deal is mended by now, so that it may be retried; false also of what nobody mends. */
  mend(reason: string, text: string): boolean;
  /** Mends what no deal waits for. */
  work(): void;
  readonly closed: Readonly<Record<Setup, number>>;
  isDone(): boolean;
}

/** So long it stays closed at least, so that more than one deal meets it, and at most, so that no deal has to. */
const LASTS_MS = { least: 5_000, most: 15_000 } as const;
const BLOCKED_AT_ONCE = 4;
const BLOCKED_AS = ['All', 'Invoice', 'Ship'] as const;
const CLOSED = '2020-01-31';
const OPEN = '0001-01-01';
const UNBLOCKED = '_x0020_';
/** The words of either system for a right that is missing; a refused sign-in has others. */
const MISSING_RIGHT = /permissions prevented the action|is missing prv/;

export function createBookkeeper(
  { businessCentral: { company } }: Simulators,
  deals: readonly Deal[],
  now: () => number = Date.now,
): Bookkeeper {
  const closed: Record<Setup, number> = { period: 0, customers: 0 };
  const closedAt: Record<Setup, number | undefined> = { period: undefined, customers: undefined };

  function setPeriod(allowPostingTo: string): void {
    company.setup.allowPostingTo = allowPostingTo;
    for (const row of company.all('generalLedgerSetup')) company.change('generalLedgerSetup', row, { allowPostingTo });
  }

  function blockCustomers(): number {
    let blocked = 0;
    // Deals under way first, then those that are won next.
    const plain = deals.filter(({ case: of, account }) => !of && account.isInBusinessCentral);
    const latest = [...plain.filter(({ isWon }) => isWon).reverse(), ...plain.filter(({ isWon }) => !isWon)];
    for (const { account } of latest) {
      const row = company.findByNumber('customers', account.number);
      if (blocked >= BLOCKED_AT_ONCE || !row || row['blocked'] !== UNBLOCKED) continue;
      company.change('customers', row, { blocked: BLOCKED_AS[blocked % BLOCKED_AS.length] ?? 'All' });
      blocked += 1;
    }
    return blocked;
  }

  function open(setup: Setup): void {
    if (setup === 'period') setPeriod(OPEN);
    else
      for (const row of company.all('customers'))
        if (row['blocked'] !== UNBLOCKED) company.change('customers', row, { blocked: UNBLOCKED });
    closedAt[setup] = undefined;
  }

  function isOpenAfter(setup: Setup, ms: number): boolean {
    const at = closedAt[setup];
    if (at !== undefined && now() - at >= ms) open(setup);
    return closedAt[setup] === undefined;
  }

  return {
    closed,
    close(setup) {
      if (closedAt[setup] !== undefined) return;
      if (setup === 'period') setPeriod(CLOSED);
      closed[setup] += setup === 'period' ? 1 : blockCustomers();
      closedAt[setup] = now();
    },
    mend(reason, text) {
      if (reason === 'period-closed') return isOpenAfter('period', LASTS_MS.least);
      if (reason === 'customer-blocked') return isOpenAfter('customers', LASTS_MS.least);
      // The next request of the kind is allowed again.
      return reason === 'permission' && MISSING_RIGHT.test(text);
    },
    work() {
      for (const setup of SETUPS) isOpenAfter(setup, LASTS_MS.most);
    },
    isDone: () => SETUPS.every((setup) => closedAt[setup] === undefined),
  };
}
