import { createHash } from 'node:crypto';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { SweptPage } from '../../clients/business-central/flows.js';
import type { DataverseFlows, SalesRow } from '../../clients/dataverse/flows.js';
import type { Clock } from '../../deal/clock.js';
import { isSameCode } from '../../deal/codes.js';
import type { FlowName, FlowSkip } from '../../deal/flows.js';
import type { FlowLedger, FlowValues } from '../../ledger/feeds/flows.js';
import { toTemporalFailures } from '../remote/write-once.js';
import type { FlowPageTaken, FlowPlaceInReading } from './flow.js';
import type { RowUpdateDependencies } from './update-row.js';

/**
 * A flow of figures that are computed when they are asked for: no stamp moves with a balance or a stock
 * (reference/business-central 2.2, 2.4), so all of them are read in turns, and what is other than it was last written is written.
 */

export interface SweptDependencies extends RowUpdateDependencies {
  readonly flows: FlowLedger;
  readonly clock: Clock;
  readonly businessCentral: Pick<BusinessCentralClient, 'readCodes'>;
  readonly dataverseFlows: RowUpdateDependencies['dataverseFlows'] &
    Pick<DataverseFlows, 'findCurrency' | 'findColumn'>;
  /** ISO codes and the codes of the company, where they differ. */
  readonly currencies: Readonly<Record<string, string>>;
}

export interface SweptRow {
  readonly id: string;
  readonly values: FlowValues;
}

const PAGE_SIZE = 200;

export async function collectSwept(
  { flows, clock }: Pick<SweptDependencies, 'flows' | 'clock'>,
  flow: {
    readonly name: FlowName;
    readonly kind: 'customer' | 'item';
    readonly unlinked: FlowSkip;
    /** Another rule writes all of it anew. */
    readonly rule: object;
  },
  { next, beganAt }: FlowPlaceInReading,
  read: (pageSize: number, link: string | undefined) => Promise<SweptPage<SweptRow>>,
): Promise<FlowPageTaken> {
  const { now } = await flows.openFlow(flow.name, clock.now());
  const began = beganAt ?? now.toISOString();
  const { rows, nextLink } = await toTemporalFailures(() => read(PAGE_SIZE, next));
  const linked = await flows.findLinkedRows(
    flow.kind,
    rows.map(({ id }) => id),
  );
  const things = rows.map(({ id: sourceId, values }) => {
    const targetId = linked.get(sourceId);
    const etag = createHash('sha256')
      .update(JSON.stringify([values, flow.rule]))
      .digest('hex');
    const thing = { sourceId, targetId, etag, values };
    return { ...thing, found: targetId === undefined ? { skipped: flow.unlinked } : ('pending' as const) };
  });
  await flows.take(flow.name, things, { isEnd: nextLink === undefined });
  if (nextLink === undefined) await flows.skipUnmet(flow.name, flow.kind, new Date(began));
  return { next: nextLink, beganAt: began, found: rows.length };
}

/** Amounts of Business Central are in its local currency; a money column takes them where the row has the same one. */
export function createCurrencyCheck({ businessCentral, dataverseFlows, currencies }: SweptDependencies) {
  let local: Promise<string> | undefined;
  const findLocal = (): Promise<string> => {
    local ??= businessCentral
      .readCodes('ledgerSetup')
      .then((codes) => codes.find(({ code }) => code === 'LCY')?.name ?? '');
    local.catch(() => {
      local = undefined;
    });
    return local;
  };
  const isLocal = async (iso: string): Promise<boolean> => isSameCode(currencies[iso] ?? iso, await findLocal());
  return {
    /** What is wrong with it, in words. */
    async findOther(iso: string | undefined, what: string): Promise<string | undefined> {
      // One without a currency takes the base currency with its first amount, which nobody here knows.
      if (iso !== undefined && (await toTemporalFailures(() => isLocal(iso)))) return undefined;
      return `${what} is in ${iso ?? 'no currency'}, the amounts are in ${await toTemporalFailures(findLocal)}`;
    },
    async findOtherOfRow(row: SalesRow): Promise<string | undefined> {
      const iso = await toTemporalFailures(() => dataverseFlows.findCurrency(row));
      return this.findOther(iso, `the ${row.table}`);
    },
  };
}
