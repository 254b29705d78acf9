import type { Simulators } from '@dealbridge/simulators';
import type { FaultRule } from '@dealbridge/simulators/kernel/faults.js';
import { effectOf, LIES, type LieName } from './effects.js';

/** Records of Business Central that are there and are not found. */

const RECORDS = { 'read invoice': '/salesInvoices\\(', 'read order': '/salesOrders\\(' } as const;
type RecordKind = keyof typeof RECORDS;

/** So many readings go well between two lies of a kind. */
const GAPS: Readonly<Record<LieName, readonly [shortest: number, longest: number]>> = {
  '404-record': [4, 12],
  '404-record-while': [15, 30],
  '404-gateway': [60, 120],
};
/** More than a run makes, retries included. */
const REQUESTS_PER_DEAL = { record: 4, any: 20 } as const;

export function planLies(deals: number, random: () => number): FaultRule[] {
  const planned: FaultRule[] = [];
  const plan = (lie: LieName, kind: string, match: FaultRule['match'], last: number): void => {
    const [shortest, longest] = GAPS[lie];
    const gap = (): number => shortest + Math.floor(random() * (longest - shortest + 1));
    for (let nth = gap(); nth <= last; nth += gap())
      planned.push({
        id: `businessCentral/${kind}/${lie}/${nth}`,
        match,
        nth,
        effect: effectOf('businessCentral', lie),
      });
  };
  for (const [kind, path] of Object.entries(RECORDS)) {
    for (const lie of LIES.filter((one) => one !== '404-gateway'))
      plan(lie, kind, { method: 'GET', path }, REQUESTS_PER_DEAL.record * deals);
  }
  plan('404-gateway', 'any request', { path: '/companies\\(' }, REQUESTS_PER_DEAL.any * deals);
  return planned;
}

/** Shorter than a client waits before it asks again. */
const LOOK_MS = 50;
const POSTING = /\/salesInvoices\(([0-9a-f-]{36})\)\/Microsoft\.NAV\.post$/i;

/** Whose posting was done without an answer cannot be read for a while: the worst moment for it. Returns what ends it. */
export function hidePosted({ businessCentral }: Simulators): () => void {
  const { company, faults } = businessCentral;
  const hidden = new Set<string>();
  const timer = setInterval(() => {
    for (const { path, status } of businessCentral.requests) {
      const id = status === 'cut' || Number(status) >= 500 ? POSTING.exec(path)?.[1] : undefined;
      if (id === undefined || hidden.has(id) || !company.invoices.get(id)?.isPosted) continue;
      hidden.add(id);
      const kind: RecordKind = 'read invoice';
      faults.add({
        id: `businessCentral/${kind}/404-record-while/${id}`,
        match: { method: 'GET', path: `/salesInvoices\\(${id}\\)` },
        effect: effectOf('businessCentral', '404-record-while'),
      });
    }
  }, LOOK_MS);
  return () => clearInterval(timer);
}
