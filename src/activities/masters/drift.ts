import { toUnitCode } from '../../deal/line-rules.js';
import {
  type Agreed,
  type CentralMaster,
  isSameValue,
  type MasterKind,
  type SalesMaster,
  toItemNumber,
  toMasterState,
} from '../../deal/masters.js';
import type { DriftLedger, DriftRun, KeptDifference } from '../../ledger/masters/drift.js';
import type { AgreedRow, KeptMaster } from '../../ledger/masters/masters.js';
import { compareMaster } from '../../mapping/fields/compare-masters.js';
import { followedFields } from '../../mapping/fields/master-fields.js';
import { inWords } from '../remote/write-once.js';
import { type MasterDependencies, SECTION, SET } from './sync-master-data.js';

/** All linked masters of both sides, page by page: the side of Business Central is staged, that of Sales compared. */

export interface DriftStep {
  readonly runId: string;
  readonly kind: MasterKind;
  /** Contacts that are customers themselves stand as accounts. */
  readonly table?: MasterKind;
  readonly link?: string | undefined;
}

export type DriftDependencies = MasterDependencies & { readonly drift: DriftLedger };

/** On the queue of Business Central. */
export function createDriftCentral({ businessCentral, drift, masters, rules }: DriftDependencies) {
  return {
    async stageMasters({ runId, kind, link }: DriftStep): Promise<string | undefined> {
      const fields = [...followedFields(SECTION[kind], rules.mapping, rules.masters).keys(), ...ALWAYS[kind]];
      const page = await inWords(() => businessCentral.readMasterPage(SET[kind], fields, rules.masters.pageSize, link));
      // What nobody of Sales stands for needs no place.
      const linked = await masters.findByCentral(
        kind,
        page.rows.map(({ id }) => id),
      );
      await drift.stageCentral(
        runId,
        kind,
        page.rows.filter(({ id }) => linked.has(id)),
      );
      await drift.count(runId, kind, 0, 1);
      return page.nextLink;
    },
  };
}

const ALWAYS: Readonly<Record<MasterKind, readonly string[]>> = {
  account: ['blocked'],
  contact: ['type', 'companyNumber'],
  product: ['blocked', 'baseUnitOfMeasureCode'],
};

/** On the queue of Sales. */
export function createDriftSales(dependencies: DriftDependencies) {
  const { salesMasters, drift, masters, rules, sets } = dependencies;

  async function compareRow(
    sales: SalesMaster,
    kept: KeptMaster,
    central: CentralMaster,
    companyNumber: string | undefined,
    survivors: ReadonlyMap<string, { readonly bcId: string }>,
  ): Promise<{ readonly found: KeptDifference[]; readonly agreed: Readonly<Record<string, Agreed>> }> {
    const { kind } = kept;
    const at = (difference: Omit<KeptDifference, 'kind' | 'rowId'>): KeptDifference => ({
      kind,
      rowId: kept.rowId,
      ...difference,
    });
    if (sales.mergedInto !== undefined) {
      const other = survivors.get(sales.mergedInto);
      const isBoth = other !== undefined && other.bcId !== central.id;
      const merged = { field: 'merged', sales: sales.mergedInto, central: central.number };
      const found = isBoth
        ? at({ ...merged, winner: 'person', reason: 'both accounts of the merge have a customer' })
        : at({ ...merged, winner: 'sales', reason: 'the link follows the survivor' });
      return { found: [found], agreed: {} };
    }
    const { agreed, blockedFrom } = kept;
    const compared = await compareMaster(
      { section: SECTION[kind], sales, central, agreed, blockedFrom, companyNumber },
      rules.masters,
      rules.mapping,
      { findCode: sets.find },
    );
    const differences = compared.differences.map(at);
    const differing = new Set(differences.map(({ field }) => field));
    const same = Object.entries(compared.agreed).filter(
      ([field, { sales: left, central: right }]) =>
        !differing.has(field) && (agreed[field]?.sales !== left || agreed[field]?.central !== right),
    );
    if (kind === 'product' && toMasterState(sales) === 'active')
      differences.push(...itemDifferences(sales, kept, central).map(at));
    return { found: differences, agreed: Object.fromEntries(same) };
  }

  function itemDifferences(sales: SalesMaster, kept: KeptMaster, central: CentralMaster) {
    const found: Omit<KeptDifference, 'kind' | 'rowId'>[] = [];
    const unit = toUnitCode(sales.unit, rules.lines);
    const base = central.values['baseUnitOfMeasureCode'] ?? '';
    if (unit && !isSameValue('code', unit, base)) {
      const reason = 'the base unit of an item that was used stays';
      found.push({ field: 'baseUnitOfMeasureCode', sales: unit, central: base, winner: 'person', reason });
    }
    if (central.values['blocked'] === 'true' && kept.blockedFrom === undefined) {
      const reason = 'Sales sells a product whose item was blocked in Business Central';
      found.push({ field: 'blocked', sales: 'false', central: 'true', winner: 'person', reason });
    }
    const number = toItemNumber(sales.number ?? '', rules.masters.items);
    const isMapped = rules.mapping.sections.item.get('number')?.isDefault === false;
    if (!isMapped && !isSameValue('code', number, central.number)) {
      const reason = 'the product leads to another item than the one it is linked with';
      found.push({ field: 'number', sales: number, central: central.number, winner: 'person', reason });
    }
    return found;
  }

  return {
    async comparePage({ runId, kind, table = kind, link }: DriftStep): Promise<string | undefined> {
      const { rows, nextLink } = await inWords(() => salesMasters.readMasters(table, rules.masters.pageSize, link));
      const ids = rows.map(({ rowId }) => rowId);
      const parentIds = kind === 'contact' ? rows.flatMap(({ parentId }) => parentId ?? []) : [];
      const parents = await masters.findMasters('account', [...new Set(parentIds)]);
      const links = await dependencies.ledger.findLinks(LINKS[kind], dependencies.companyId, ids);
      const known = await masters.findMasters(kind, ids);
      const staged = await drift.findStaged(
        runId,
        kind,
        [...links.values()].map(({ bcId }) => bcId),
      );
      const mergedInto = rows.flatMap((row) => row.mergedInto ?? []);
      const survivors = await dependencies.ledger.findLinks(LINKS[kind], dependencies.companyId, mergedInto);
      const agreements: AgreedRow[] = [];
      const differences: KeptDifference[] = [];
      let compared = 0;
      for (const row of rows) {
        const linked = links.get(row.rowId);
        if (!linked) continue;
        compared += 1;
        const central = staged.get(linked.bcId);
        if (central) {
          const kept = known.get(row.rowId) ?? unknown(kind, row.rowId);
          const companyNumber = parents.get(row.parentId ?? '')?.companyContact;
          const { found, agreed } = await compareRow(row, kept, central, companyNumber, survivors);
          differences.push(...found);
          if (Object.keys(agreed).length > 0) {
            agreements.push({ rowId: row.rowId, number: row.number, name: row.name, agreed });
          }
          continue;
        }
        const reason = `it was deleted in Business Central`;
        differences.push({
          kind,
          rowId: row.rowId,
          field: 'row',
          sales: row.number ?? '',
          central: '',
          winner: 'person',
          reason,
        });
      }
      await drift.noteSeen(runId, kind, [...links.keys()]);
      await drift.keepDifferences(runId, differences);
      // From now on it is known which side changed.
      await masters.keepAgreed(kind, agreements);
      await drift.count(runId, kind, compared, 1);
      return nextLink;
    },
  };
}

const LINKS = { account: 'customer', contact: 'contact', product: 'item' } as const;

/** A link of a deal, of which nothing else is known yet. */
function unknown(kind: MasterKind, rowId: string): KeptMaster {
  const nothing = undefined;
  return {
    kind,
    rowId,
    state: 'active',
    number: nothing,
    name: nothing,
    content: nothing,
    central: nothing,
    companyContact: nothing,
    agreed: {},
    echo: nothing,
    blockedFrom: nothing,
    mergedInto: nothing,
    problems: [],
    problemSince: nothing,
    lookedAt: new Date(0),
    syncedAt: nothing,
    bcId: nothing,
    bcNumber: nothing,
  };
}

/** So many rows are taken in one step. */
const AT_ONCE = 200;
const FIRST = '00000000-0000-0000-0000-000000000000';

/** In our own database. */
export function createDriftLedgerSteps({ drift, rules }: Pick<DriftDependencies, 'drift' | 'rules'>) {
  return {
    async startDrift({ runId }: { readonly runId: string }): Promise<readonly MasterKind[]> {
      await drift.startRun(runId);
      return rules.masters.contacts ? ['account', 'contact', 'product'] : ['account', 'product'];
    },
    /** Whether the pages of this kind showed every linked row. */
    hasMissing: async ({ runId, kind }: DriftStep): Promise<boolean> =>
      (await drift.findUnseen(runId, kind, 1)).length > 0,
    /** Linked rows that Sales does not show any more: blocked by rule, if they are not yet. */
    async noteMissing({ runId, kind }: DriftStep): Promise<{ readonly hasMore: boolean }> {
      const missing = await drift.findUnseen(runId, kind, AT_ONCE);
      const staged = await drift.findStaged(
        runId,
        kind,
        missing.map(({ bcId }) => bcId),
      );
      const differences: KeptDifference[] = [];
      for (const { rowId, bcId } of missing) {
        const central = staged.get(bcId);
        const rule = kind === 'product' ? rules.masters.retired : rules.masters.deactivate;
        const isBlocked = ['All', 'true'].includes(central?.values['blocked'] ?? '');
        if (kind === 'contact' || rule === 'ignore' || isBlocked || !central) continue;
        const reason = 'it was deleted in Sales';
        differences.push({ kind, rowId, field: 'row', sales: '', central: central.number, winner: 'sales', reason });
      }
      await drift.noteSeen(
        runId,
        kind,
        missing.map(({ rowId }) => rowId),
      );
      await drift.keepDifferences(runId, differences);
      return { hasMore: missing.length === AT_ONCE };
    },
    finishDrift: async ({ runId }: { readonly runId: string }): Promise<Omit<DriftRun, 'startedAt' | 'finishedAt'>> => {
      const { requests, compared, found } = await drift.finishRun(runId);
      return { runId, requests, compared, found };
    },
    listRepairable: async (input: {
      readonly runId: string;
      readonly after?: string | undefined;
    }): Promise<{ kind: MasterKind; rowId: string }[]> =>
      drift.listRepairable(input.runId, input.after ?? FIRST, AT_ONCE),
  };
}

export type DriftCentral = ReturnType<typeof createDriftCentral>;
export type DriftSales = ReturnType<typeof createDriftSales>;
export type DriftLedgerSteps = ReturnType<typeof createDriftLedgerSteps>;
