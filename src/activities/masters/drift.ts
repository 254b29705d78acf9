import { toUnitCode } from '../../deal/line-rules.js';
import {
  type Agreed,
  type BusinessCentralMaster,
  type DataverseMaster,
  isSameValue,
  LINK_KIND,
  type MasterKind,
  toItemNumber,
  toMasterState,
} from '../../deal/masters.js';
import type { DriftLedger, DriftRun, StoredDifference } from '../../ledger/masters/drift.js';
import type { AgreedRow, StoredMaster } from '../../ledger/masters/masters.js';
import { compareMaster } from '../../mapping/fields/compare-masters.js';
import { followedFields } from '../../mapping/fields/master-fields.js';
import { createCodeLookups } from '../../mapping/plan/lookups.js';
import { toTemporalFailures } from '../remote/write-once.js';
import type { MasterLedgerDependencies } from './master-ledger.js';
import { SET, type SyncDependencies } from './sync-master-data.js';

/** All linked masters of both sides, page by page: the side of Business Central is staged, that of Sales compared. */

export interface DriftStep {
  readonly runId: string;
  readonly kind: MasterKind;
  /** Contacts that are customers themselves stand as accounts. */
  readonly table?: MasterKind;
  readonly link?: string | undefined;
}

export type DriftDependencies = SyncDependencies & { readonly drift: DriftLedger };

/** On the queue of Business Central. */
export function createDriftBusinessCentral({ businessCentral, drift, masters, rules }: DriftDependencies) {
  return {
    async stageMasters({ runId, kind, link }: DriftStep): Promise<string | undefined> {
      const fields = [...followedFields(LINK_KIND[kind], rules.mapping, rules.masters).keys(), ...ALWAYS[kind]];
      const page = await toTemporalFailures(() =>
        businessCentral.readMasterPage(SET[kind], fields, rules.masters.pageSize, link),
      );
      // What nobody of Sales stands for needs no place.
      const linked = await masters.findByBusinessCentral(
        kind,
        page.rows.map(({ id }) => id),
      );
      await drift.stageBusinessCentral(
        runId,
        kind,
        page.rows.filter(({ id }) => linked.has(id)),
      );
      await drift.countRequest(runId);
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
export function createDriftDataverse(dependencies: DriftDependencies) {
  const { clock, dataverseMasters, drift, masters, rules, sets } = dependencies;

  async function compareRow(
    dataverse: DataverseMaster,
    kept: StoredMaster,
    businessCentral: BusinessCentralMaster,
    companyNumber: string | undefined,
    survivors: ReadonlyMap<string, { readonly bcId: string }>,
  ): Promise<{ readonly found: StoredDifference[]; readonly agreed: Readonly<Record<string, Agreed>> }> {
    const { kind } = kept;
    const at = (difference: Omit<StoredDifference, 'kind' | 'rowId'>): StoredDifference => ({
      kind,
      rowId: kept.rowId,
      ...difference,
    });
    if (dataverse.mergedInto !== undefined) {
      const other = survivors.get(dataverse.mergedInto);
      const isBoth = other !== undefined && other.bcId !== businessCentral.id;
      const merged = { field: 'merged', dataverse: dataverse.mergedInto, businessCentral: businessCentral.number };
      const found = isBoth
        ? at({ ...merged, winner: 'person', reason: 'both accounts of the merge have a customer' })
        : at({ ...merged, winner: 'sales', reason: 'the link follows the survivor' });
      return { found: [found], agreed: {} };
    }
    const { agreed, blockedFrom } = kept;
    const compared = await compareMaster(
      { section: LINK_KIND[kind], dataverse, businessCentral, agreed, blockedFrom, companyNumber },
      rules.masters,
      rules.mapping,
      createCodeLookups(sets),
    );
    const differences = compared.differences.map(at);
    const differing = new Set(differences.map(({ field }) => field));
    const same = Object.entries(compared.agreed).filter(
      ([field, { dataverse: left, businessCentral: right }]) =>
        !differing.has(field) && (agreed[field]?.dataverse !== left || agreed[field]?.businessCentral !== right),
    );
    if (kind === 'product' && toMasterState(dataverse) === 'active')
      differences.push(...itemDifferences(dataverse, kept, businessCentral).map(at));
    return { found: differences, agreed: Object.fromEntries(same) };
  }

  function itemDifferences(dataverse: DataverseMaster, kept: StoredMaster, businessCentral: BusinessCentralMaster) {
    const found: Omit<StoredDifference, 'kind' | 'rowId'>[] = [];
    const unit = toUnitCode(dataverse.unit, rules.lines);
    const base = businessCentral.values['baseUnitOfMeasureCode'] ?? '';
    if (unit && !isSameValue('code', unit, base)) {
      const reason = 'the base unit of an item that was used stays';
      found.push({ field: 'baseUnitOfMeasureCode', dataverse: unit, businessCentral: base, winner: 'person', reason });
    }
    if (businessCentral.values['blocked'] === 'true' && kept.blockedFrom === undefined) {
      const reason = 'Sales sells a product whose item was blocked in Business Central';
      found.push({ field: 'blocked', dataverse: 'false', businessCentral: 'true', winner: 'person', reason });
    }
    const number = toItemNumber(dataverse.number ?? '', rules.masters.items);
    const isMapped = rules.mapping.sections.item.get('number')?.isDefault === false;
    if (!isMapped && !isSameValue('code', number, businessCentral.number)) {
      const reason = 'the product leads to another item than the one it is linked with';
      found.push({
        field: 'number',
        dataverse: number,
        businessCentral: businessCentral.number,
        winner: 'person',
        reason,
      });
    }
    return found;
  }

  return {
    async comparePage({ runId, kind, table = kind, link }: DriftStep): Promise<string | undefined> {
      const readFrom = clock.now();
      const { rows, nextLink } = await toTemporalFailures(() =>
        dataverseMasters.readMasters(table, rules.masters.pageSize, link),
      );
      const ids = rows.map(({ rowId }) => rowId);
      const parentIds = kind === 'contact' ? rows.flatMap(({ parentId }) => parentId ?? []) : [];
      const parents = await masters.findMasters('account', [...new Set(parentIds)]);
      const links = await dependencies.ledger.findLinks(LINK_KIND[kind], dependencies.companyId, ids);
      const known = await masters.findMasters(kind, ids);
      const staged = await drift.findStaged(
        runId,
        kind,
        [...links.values()].map(({ bcId }) => bcId),
      );
      const mergedInto = rows.flatMap((row) => row.mergedInto ?? []);
      const survivors = await dependencies.ledger.findLinks(LINK_KIND[kind], dependencies.companyId, mergedInto);
      const agreements: AgreedRow[] = [];
      const differences: StoredDifference[] = [];
      const compared: string[] = [];
      for (const row of rows) {
        const linked = links.get(row.rowId);
        // What it shares is compared with the row that is brought over.
        if (!linked || linked.isSecondary) continue;
        compared.push(row.rowId);
        const businessCentral = staged.get(linked.bcId);
        if (businessCentral) {
          const kept = known.get(row.rowId) ?? unknown(kind, row.rowId);
          const companyNumber = parents.get(row.parentId ?? '')?.companyContact;
          const { found, agreed } = await compareRow(row, kept, businessCentral, companyNumber, survivors);
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
          dataverse: row.number ?? '',
          businessCentral: '',
          winner: 'person',
          reason,
        });
      }
      await drift.recordSeen(runId, kind, [...links.keys()], compared);
      await drift.saveDifferences(runId, differences);
      // From now on it is known which side changed.
      await masters.saveAgreed(kind, agreements, readFrom);
      await drift.countRequest(runId);
      return nextLink;
    },
  };
}

/** A link of a deal, of which nothing else is known yet. */
function unknown(kind: MasterKind, rowId: string): StoredMaster {
  const nothing = undefined;
  return {
    kind,
    rowId,
    state: 'active',
    number: nothing,
    name: nothing,
    content: nothing,
    businessCentral: nothing,
    companyContact: nothing,
    agreed: {},
    echo: nothing,
    blockedFrom: nothing,
    mergedInto: nothing,
    problems: [],
    problemSince: nothing,
    checkedAt: new Date(0),
    syncedAt: nothing,
    bcId: nothing,
    bcNumber: nothing,
  };
}

/** So many rows are taken in one step. */
const BATCH_SIZE = 200;
const FIRST = '00000000-0000-0000-0000-000000000000';

/** So many runs are begun in one step: a step may take ten seconds, and each leaves an event in the history. */
const REPAIR_BATCH_SIZE = 50;

export interface FollowedRows {
  readonly followed: number;
  /** The last of them; undefined when there is none. */
  readonly last: string | undefined;
}

/** In our own database and in Temporal. */
export function createDriftLedgerSteps({
  drift,
  rules,
  follow,
}: Pick<DriftDependencies, 'drift' | 'rules'> & Pick<MasterLedgerDependencies, 'follow'>) {
  return {
    async startDrift({ runId }: { readonly runId: string }): Promise<readonly MasterKind[]> {
      await drift.startRun(runId);
      return rules.masters.contacts ? ['account', 'contact', 'product'] : ['account', 'product'];
    },
    /** Whether the pages of this kind showed every linked row. */
    hasMissing: async ({ runId, kind }: DriftStep): Promise<boolean> =>
      (await drift.findMissed(runId, kind, 1)).length > 0,
    /** Linked rows that Sales does not show any more: blocked by rule, if they are not yet. */
    async recordMissing({ runId, kind }: DriftStep): Promise<{ readonly hasMore: boolean }> {
      const missing = await drift.findMissed(runId, kind, BATCH_SIZE);
      const staged = await drift.findStaged(
        runId,
        kind,
        missing.map(({ bcId }) => bcId),
      );
      const differences: StoredDifference[] = [];
      for (const { rowId, bcId } of missing) {
        const businessCentral = staged.get(bcId);
        const rule = kind === 'product' ? rules.masters.retired : rules.masters.deactivate;
        const isBlocked = ['All', 'true'].includes(businessCentral?.values['blocked'] ?? '');
        if (kind === 'contact' || rule === 'ignore' || isBlocked || !businessCentral) continue;
        const reason = 'it was deleted in Sales';
        differences.push({
          kind,
          rowId,
          field: 'row',
          dataverse: '',
          businessCentral: businessCentral.number,
          winner: 'sales',
          reason,
        });
      }
      await drift.recordSeen(
        runId,
        kind,
        missing.map(({ rowId }) => rowId),
      );
      await drift.saveDifferences(runId, differences);
      return { hasMore: missing.length === BATCH_SIZE };
    },
    finishDrift: async ({ runId }: { readonly runId: string }): Promise<Omit<DriftRun, 'startedAt' | 'finishedAt'>> => {
      const { requests, compared, found } = await drift.finishRun(runId);
      return { runId, requests, compared, found };
    },
    /** The runs of the next rows that can be repaired without a person look at everything again. */
    async followRepairable({
      runId,
      after = FIRST,
    }: {
      readonly runId: string;
      readonly after?: string | undefined;
    }): Promise<FollowedRows> {
      const rows = await drift.listRepairable(runId, after, REPAIR_BATCH_SIZE);
      for (const { kind, rowId } of rows) await follow(kind, rowId, true);
      return { followed: rows.length, last: rows.at(-1)?.rowId };
    },
  };
}

export type DriftBusinessCentral = ReturnType<typeof createDriftBusinessCentral>;
export type DriftDataverse = ReturnType<typeof createDriftDataverse>;
export type DriftLedgerSteps = ReturnType<typeof createDriftLedgerSteps>;
