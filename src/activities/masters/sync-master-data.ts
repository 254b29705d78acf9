import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { MasterSet } from '../../clients/business-central/masters.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { DataverseMasters } from '../../clients/dataverse/masters.js';
import { RemoteApiError } from '../../clients/errors.js';
import { toTaken } from '../../deal/ambiguity.js';
import type { Clock } from '../../deal/clock.js';
import { InternalError } from '../../deal/errors.js';
import { writeKey } from '../../deal/ids.js';
import {
  type BusinessCentralMaster,
  type DataverseMaster,
  LINK_KIND,
  type MasterKind,
  type MasterProblem,
} from '../../deal/masters.js';
import { STATE_CODES } from '../../deal/state-codes.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { WriteLedger } from '../../ledger/deals/write-ledger.js';
import type { Backfill } from '../../ledger/masters/backfill.js';
import type { LinkLedger } from '../../ledger/masters/link-ledger.js';
import { businessCentralMasterContent } from '../../ledger/masters/master-schema.js';
import type { MasterLedger, MasterRef, StoredMaster } from '../../ledger/masters/masters.js';
import { type Comparison, compareMaster } from '../../mapping/fields/compare-masters.js';
import type { FindAccountsWithNumbers } from '../../mapping/plan/customer-identity.js';
import { createCodeLookups } from '../../mapping/plan/lookups.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { findProblem, findRefusals, toFailure } from '../remote/failures.js';
import { done } from '../remote/results.js';
import { writeOnce } from '../remote/write-once.js';

/** What the steps of accounts, contacts and products share. */

export interface SyncDependencies {
  readonly dataverseMasters: DataverseMasters;
  readonly businessCentral: BusinessCentralClient;
  readonly sets: ReferenceSets;
  readonly companyId: string;
  readonly ledger: WriteLedger & LinkLedger & AuditLedger;
  readonly clock: Clock;
  readonly masters: MasterLedger;
  readonly backfill: Pick<Backfill, 'end'>;
  readonly rules: Rules;
  readonly ambiguityWindowMs: number;
  readonly findAccountsWithNumbers: FindAccountsWithNumbers;
}

export const SET: Readonly<Record<MasterKind, MasterSet>> = {
  account: 'customers',
  contact: 'contacts',
  product: 'items',
};

/** What a workflow learns of a comparison: whether there is something to write, never what. */
export interface SyncComparison {
  readonly isGone: boolean;
  readonly hasBusinessCentralChange: boolean;
  readonly hasDataverseChange: boolean;
}

export type ChangeOutcome = 'done' | 'nothing' | 'stale' | 'refused';

export function createSyncSteps(dependencies: SyncDependencies) {
  const { businessCentral, clock, dataverseMasters, sets, masters, rules } = dependencies;
  const lookups = createCodeLookups(sets);

  /** A problem of the row is kept; everything else is Temporal's to repeat. */
  async function keeping<T>(ref: MasterRef, step: string, work: () => Promise<T>): Promise<T | 'refused'> {
    try {
      const result = await work();
      if (result !== 'refused') await masters.saveProblems(ref, step, []);
      return result;
    } catch (error) {
      const problem = findProblem(error);
      if (!problem) throw toFailure(error);
      await masters.saveProblems(ref, step, [problem]);
      return 'refused';
    }
  }

  function compare(
    kept: StoredMaster,
    businessCentral: BusinessCentralMaster,
    companyNumber?: string,
  ): Promise<Comparison> {
    return compareMaster(
      {
        section: LINK_KIND[kept.kind],
        dataverse: getContent(kept),
        businessCentral,
        agreed: kept.agreed,
        blockedFrom: kept.blockedFrom,
        isDeleted: kept.state === 'deleted',
        companyNumber,
      },
      rules.masters,
      rules.mapping,
      lookups,
    );
  }

  /** Reads what stands for the row, keeps it, and says whether the two agree. */
  async function readComparison(ref: MasterRef, companyNumber?: string): Promise<SyncComparison> {
    const readFrom = clock.now();
    const kept = await masters.getMaster(ref);
    const { bcId } = kept;
    if (bcId === undefined) throw new InternalError(`${ref.kind} ${ref.rowId} has no link`);
    const businessCentral = await readBusinessCentral(ref, bcId);
    if (!businessCentral) return { isGone: true, hasBusinessCentralChange: false, hasDataverseChange: false };
    return saveComparison(kept, businessCentral, readFrom, companyNumber);
  }

  async function readBusinessCentral(ref: MasterRef, bcId: string): Promise<BusinessCentralMaster | undefined> {
    try {
      const master = await businessCentral.getMaster(SET[ref.kind], bcId);
      await masters.saveProblems(ref, 'read', []);
      return master;
    } catch (error) {
      if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw toFailure(error);
      const reason = ref.kind === 'product' ? 'item-gone' : 'customer-gone';
      await masters.saveProblems(ref, 'read', [{ reason, text: `${SET[ref.kind]}: it was deleted` }]);
      return undefined;
    }
  }

  async function saveComparison(
    kept: StoredMaster,
    businessCentral: BusinessCentralMaster,
    readFrom: Date,
    companyNumber?: string,
  ): Promise<SyncComparison> {
    const compared = await compare(kept, businessCentral, companyNumber);
    const { toBusinessCentral, toDataverse, problems } = compared;
    const written = new Set(compared.differences.map(({ field }) => field));
    const same = Object.entries(compared.agreed).filter(([field]) => !written.has(field));
    const link = { salesId: kept.rowId, bcId: businessCentral.id, bcNumber: businessCentral.number };
    const isUnblocked = compared.blockedFrom === null && !('blocked' in toBusinessCentral);
    await masters.change(
      kept,
      { businessCentral, agreed: Object.fromEntries(same), ...(isUnblocked && { blockedFrom: null }), readFrom },
      link,
    );
    const comparison = {
      isGone: false,
      hasBusinessCentralChange: !isEmpty(toBusinessCentral),
      hasDataverseChange: !isEmpty(toDataverse),
    };
    // It is linked, and what needs no writing cannot be refused.
    await masters.forgetProblems(kept, [
      ...['match', 'create', 'company-contact'],
      ...(comparison.hasBusinessCentralChange ? [] : ['write']),
      ...(comparison.hasDataverseChange ? [] : ['write-sales']),
    ]);
    await masters.saveProblems(kept, 'compare', problems);
    return comparison;
  }

  /** Writes what the comparison of the kept rows says, if both are still what they were. */
  async function updateBusinessCentral(ref: MasterRef, companyNumber?: string): Promise<ChangeOutcome> {
    const readFrom = clock.now();
    const kept = await masters.getMaster(ref);
    const { businessCentral: read } = kept;
    // Since it was read a person has linked the row with another one.
    if (!read || read.id !== kept.bcId) return 'stale';
    const { toBusinessCentral, agreed, blockedFrom, differences } = await compare(kept, read, companyNumber);
    if (isEmpty(toBusinessCentral)) return 'nothing';
    const set = SET[ref.kind];
    const fields = differences.filter(({ field }) => field in toBusinessCentral);
    const isWritten = (row: BusinessCentralMaster): boolean =>
      Object.entries(toBusinessCentral).every(([name, value]) => (row.values[name] ?? '') === toRead(value));
    return keepingRefusals(ref, 'write', async () => {
      const after = await writeOnce(dependencies, {
        recordId: ref.rowId,
        writeKey: writeKey(ref.rowId, `change-${set}-${toFingerprint(read.etag, toBusinessCentral)}`),
        action: `change ${LINK_KIND[ref.kind]} in Business Central`,
        result: businessCentralMasterContent,
        ambiguityWindowMs: GUARDED_BY_ETAG,
        find: async () => {
          const row = await businessCentral.getMaster(set, read.id);
          return isWritten(row) ? row : undefined;
        },
        write: (context) => businessCentral.updateMaster(set, read.id, read.etag, toBusinessCentral, context),
        outcome: (row) => toAudit(row.number, fields),
      });
      await masters.change(
        ref,
        {
          businessCentral: after,
          // Business Central may spell it otherwise, and a post code may have filled the city.
          agreed: Object.fromEntries(
            Object.entries(agreed)
              .filter(([field]) => field in toBusinessCentral)
              .map(([field, { dataverse }]) => [field, { dataverse, businessCentral: after.values[field] ?? '' }]),
          ),
          ...(blockedFrom !== undefined && { blockedFrom }),
          readFrom,
        },
        { salesId: ref.rowId, bcId: after.id, bcNumber: after.number },
      );
      return 'done' as const;
    });
  }

  /** Writes to Sales what Business Central wins. */
  async function updateDataverse(ref: MasterRef): Promise<ChangeOutcome> {
    const readFrom = clock.now();
    const kept = await masters.getMaster(ref);
    const { businessCentral } = kept;
    const content = getContent(kept);
    if (!businessCentral || businessCentral.id !== kept.bcId) return 'stale';
    const { toDataverse, agreed, differences } = await compare(kept, businessCentral);
    if (isEmpty(toDataverse)) return 'nothing';
    const fields = differences.filter(({ winner }) => winner === 'business-central');
    const names = new Set(fields.map(({ field }) => field));
    return keepingRefusals(ref, 'write-sales', async () => {
      await writeOnce(dependencies, {
        recordId: ref.rowId,
        writeKey: writeKey(ref.rowId, `change-${content.kind}-${toFingerprint(content.revision, toDataverse)}`),
        action: `change ${content.kind} in Sales`,
        result: done,
        ambiguityWindowMs: GUARDED_BY_ETAG,
        find: async () => {
          const { columns } = await dataverseMasters.readMaster(content.kind, ref.rowId);
          const isWritten = Object.entries(toDataverse).every(([name, value]) => (columns[name] ?? '') === value);
          return isWritten ? { done: true } : undefined;
        },
        write: async (context) => ({
          done: true as const,
          ...(await dataverseMasters.updateMaster(content.kind, ref.rowId, content.revision, toDataverse, context)),
        }),
        outcome: () => toAudit(content.number, fields, true),
      });
      await masters.change(ref, {
        content: { ...content, columns: { ...content.columns, ...toDataverse } },
        agreed: Object.fromEntries(Object.entries(agreed).filter(([field]) => names.has(field))),
        readFrom,
      });
      return 'done' as const;
    });
  }

  /** `writeOnce` tells a refusal as a failure of the step; here it is a problem of the row, and staleness an answer. */
  async function keepingRefusals<T>(
    ref: MasterRef,
    step: string,
    work: () => Promise<T>,
  ): Promise<T | 'refused' | 'stale'> {
    try {
      const result = await work();
      await masters.saveProblems(ref, step, []);
      return result;
    } catch (error) {
      if (error instanceof ApplicationFailure && error.type?.endsWith('/conflict')) return 'stale';
      const problems = findRefusals(error);
      if (problems.length === 0) throw error;
      await masters.saveProblems(ref, step, problems);
      return 'refused';
    }
  }

  /**
   * Links a row without a link, because of its number, with what bears that number in Business Central; what stands for
   * another row already is a problem of this one, which a person has to solve (I11).
   */
  async function linkByNumber(
    ref: MasterRef,
    { id, number }: { readonly id: string; readonly number: string },
    sharedBy?: string,
  ): Promise<'linked' | 'refused'> {
    const what = LINK_KIND[ref.kind];
    const facts = { [`${what}Number`]: number };
    const audit = { actor: 'dealbridge', action: `link ${what} by its number`, facts } as const;
    const others = await masters.link(ref, { bcId: id, bcNumber: number }, audit, sharedBy);
    if (others.length === 0) return 'linked';
    await saveProblem(ref, 'match', toTaken(what, number, { id: ref.rowId }, others));
    return 'refused';
  }

  /** What stands in the way becomes a problem of the row; what Business Central refuses as well. */
  async function creating(
    ref: MasterRef,
    problems: readonly MasterProblem[],
    create: () => Promise<unknown>,
  ): Promise<'linked' | 'refused' | 'stale'> {
    if (problems.length > 0) {
      await masters.saveProblems(ref, 'create', problems);
      return 'refused';
    }
    return keepingRefusals(ref, 'create', async () => {
      await create();
      return 'linked' as const;
    });
  }

  const saveProblem = (ref: MasterRef, step: string, problem: MasterProblem): Promise<void> =>
    masters.saveProblems(ref, step, [problem]);

  return {
    keeping,
    creating,
    linkByNumber,
    saveProblem,
    readComparison,
    saveComparison,
    updateBusinessCentral,
    updateDataverse,
    lookups,
  };
}

export function getContent({ content, kind, rowId }: StoredMaster): DataverseMaster {
  if (!content) throw new InternalError(`${kind} ${rowId} was never read`);
  return content;
}

/** A linked row that was deleted before it was ever read. */
export function toGone(kind: DataverseMaster['kind'], rowId: string): DataverseMaster {
  const nothing = { number: undefined, currency: undefined, mergedInto: undefined, parentId: undefined };
  const empty = { revision: '', modifiedAt: new Date(0).toISOString(), name: '', columns: {}, owner: {} };
  const stateCode = kind === 'product' ? STATE_CODES.product.retired : STATE_CODES[kind].inactive;
  return { kind, rowId, stateCode, ...nothing, ...empty };
}

/** Everything that Sales says of a row: the same again is an echo. */
export function toEcho(master: DataverseMaster): string {
  const { revision: _revision, modifiedAt: _modifiedAt, contacts, ...said } = master;
  const all = { ...said, contacts: contacts?.map(toEcho).sort() };
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/** `If-Match` makes a repeat harmless: it need not wait until the first attempt can land no more. */
const GUARDED_BY_ETAG = 0;

function toFingerprint(etag: string, fields: object): string {
  return createHash('sha256')
    .update(`${etag} ${JSON.stringify(fields)}`)
    .digest('hex')
    .slice(0, 24);
}

/** As the row is read back: an absent id is nothing. */
function toRead(value: string | boolean): string {
  return /^0{8}-/.test(String(value)) || String(value).startsWith('0001-01-01') ? '' : String(value);
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}

/** Codes stand in the audit trail as they are; what may be a person's data stands in its erasable part. */
const CODES =
  /Code$|Id$|^blocked$|^type$|^tax(Liable|AreaId)$|^country$|^companyNumber$|^unit(Price|Cost)$|^creditLimit$/;

function toAudit(
  number: string | undefined,
  fields: readonly { readonly field: string; readonly dataverse: string; readonly businessCentral: string }[],
  isToSales = false,
) {
  const values = (isBefore: boolean, isCode: boolean): Readonly<Record<string, string>> =>
    Object.fromEntries(
      fields
        .filter(({ field }) => CODES.test(field) === isCode)
        .map(({ field, dataverse, businessCentral }) => [field, isBefore === isToSales ? dataverse : businessCentral]),
    );
  const names = fields.map(({ field }) => field);
  const hasPersonal = names.some((field) => !CODES.test(field));
  return {
    facts: { number: number ?? null, fields: names },
    before: values(true, true),
    after: values(false, true),
    ...(hasPersonal && { personal: { before: values(true, false), after: values(false, false) } }),
  };
}
