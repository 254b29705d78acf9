import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { MasterSet } from '../../clients/business-central/masters.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { SalesMasters } from '../../clients/dataverse/masters.js';
import { RemoteApiError } from '../../clients/errors.js';
import { writeKey } from '../../deal/ids.js';
import type { CentralMaster, MasterKind, MasterProblem, SalesMaster } from '../../deal/masters.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { KeptMaster, MasterLedger, MasterRef } from '../../ledger/masters/masters.js';
import { type Comparison, compareMaster } from '../../mapping/fields/compare-masters.js';
import type { MasterSection } from '../../mapping/fields/master-fields.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { findProblem, findRefusals, refuse, toFailure } from '../remote/failures.js';
import { writeOnce } from '../remote/write-once.js';

/** What the steps of accounts, contacts and products share. */

export interface MasterDependencies {
  readonly salesMasters: SalesMasters;
  readonly businessCentral: BusinessCentralClient;
  readonly sets: ReferenceSets;
  readonly companyId: string;
  readonly ledger: Ledger;
  readonly masters: MasterLedger;
  readonly rules: Rules;
  readonly outcomeMs: number;
}

export const SECTION: Readonly<Record<MasterKind, MasterSection>> = {
  account: 'customer',
  contact: 'contact',
  product: 'item',
};
export const SET: Readonly<Record<MasterKind, MasterSet>> = {
  account: 'customers',
  contact: 'contacts',
  product: 'items',
};

/** What a workflow learns of a comparison: whether there is something to write, never what. */
export interface Standing {
  readonly isGone: boolean;
  readonly hasCentralChange: boolean;
  readonly hasSalesChange: boolean;
}

export type ChangeOutcome = 'done' | 'nothing' | 'stale' | 'refused';

export function createMasterSteps(dependencies: MasterDependencies) {
  const { businessCentral, salesMasters, sets, masters, rules, ledger } = dependencies;
  const lookups = { findCode: sets.find };

  /** A problem of the row is kept; everything else is Temporal's to repeat. */
  async function keeping<T>(ref: MasterRef, step: string, work: () => Promise<T>): Promise<T | 'refused'> {
    try {
      const result = await work();
      if (result !== 'refused') await masters.keepProblems(ref, step, []);
      return result;
    } catch (error) {
      const problem = findProblem(error);
      if (!problem) throw toFailure(error);
      await masters.keepProblems(ref, step, [problem]);
      return 'refused';
    }
  }

  function compare(kept: KeptMaster, central: CentralMaster, companyNumber?: string): Promise<Comparison> {
    return compareMaster(
      {
        section: SECTION[kept.kind],
        sales: getContent(kept),
        central,
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
  async function readStanding(ref: MasterRef, companyNumber?: string): Promise<Standing> {
    const kept = await masters.getMaster(ref);
    const { bcId } = kept;
    if (bcId === undefined) throw new TypeError(`${ref.kind} ${ref.rowId} has no link`);
    const central = await findStanding(ref, bcId);
    if (!central) return { isGone: true, hasCentralChange: false, hasSalesChange: false };
    return keepStanding(kept, central, companyNumber);
  }

  async function findStanding(ref: MasterRef, bcId: string): Promise<CentralMaster | undefined> {
    try {
      const central = await businessCentral.getMaster(SET[ref.kind], bcId);
      await masters.keepProblems(ref, 'read', []);
      return central;
    } catch (error) {
      if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw toFailure(error);
      const reason = ref.kind === 'product' ? 'item-gone' : 'customer-gone';
      await masters.keepProblems(ref, 'read', [{ reason, text: `${SET[ref.kind]}: it was deleted` }]);
      return undefined;
    }
  }

  async function keepStanding(kept: KeptMaster, central: CentralMaster, companyNumber?: string): Promise<Standing> {
    const compared = await compare(kept, central, companyNumber);
    const { toCentral, toSales, problems } = compared;
    const written = new Set(compared.differences.map(({ field }) => field));
    const same = Object.entries(compared.agreed).filter(([field]) => !written.has(field));
    const link = { salesId: kept.rowId, bcId: central.id, bcNumber: central.number };
    await masters.change(kept, { central, agreed: Object.fromEntries(same) }, link);
    const standing = { isGone: false, hasCentralChange: !isEmpty(toCentral), hasSalesChange: !isEmpty(toSales) };
    // It is linked, and what needs no writing cannot be refused.
    await masters.forgetProblems(kept, [
      ...['match', 'create', 'company-contact'],
      ...(standing.hasCentralChange ? [] : ['write']),
      ...(standing.hasSalesChange ? [] : ['write-sales']),
    ]);
    await masters.keepProblems(kept, 'compare', problems);
    return standing;
  }

  /** Writes what the comparison of the kept rows says, if both are still what they were. */
  async function changeCentral(ref: MasterRef, companyNumber?: string): Promise<ChangeOutcome> {
    const kept = await masters.getMaster(ref);
    const { central } = kept;
    if (!central) throw new TypeError(`${ref.kind} ${ref.rowId} was not read in Business Central`);
    const { toCentral, agreed, blockedFrom, differences } = await compare(kept, central, companyNumber);
    if (isEmpty(toCentral)) return 'nothing';
    const set = SET[ref.kind];
    const fields = differences.filter(({ field }) => field in toCentral);
    const isWritten = (row: CentralMaster): boolean =>
      Object.entries(toCentral).every(([name, value]) => (row.values[name] ?? '') === toRead(value));
    return keepingRefusals(ref, 'write', async () => {
      const after = await writeOnce<CentralMaster>(ledger, {
        recordId: ref.rowId,
        writeKey: writeKey(ref.rowId, `change-${set}-${toFingerprint(central.etag, toCentral)}`),
        action: `change ${SECTION[ref.kind]} in Business Central`,
        outcomeMs: GUARDED_BY_ETAG,
        find: async () => {
          const row = await businessCentral.getMaster(set, central.id);
          return isWritten(row) ? row : undefined;
        },
        write: async () => {
          try {
            return await businessCentral.changeMaster(set, central.id, central.etag, toCentral);
          } catch (error) {
            const problem = isTaken(error) ? findProblem(error) : undefined;
            throw problem ? refuse(problem.reason, problem.text) : error;
          }
        },
        outcome: (row) => toAudit(row.number, fields),
      });
      await masters.change(
        ref,
        {
          central: after,
          // Business Central may spell it otherwise, and a post code may have filled the city.
          agreed: Object.fromEntries(
            Object.entries(agreed)
              .filter(([field]) => field in toCentral)
              .map(([field, { sales }]) => [field, { sales, central: after.values[field] ?? '' }]),
          ),
          ...(blockedFrom !== undefined && { blockedFrom }),
        },
        { salesId: ref.rowId, bcId: after.id, bcNumber: after.number },
      );
      return 'done' as const;
    });
  }

  /** Writes to Sales what Business Central wins. */
  async function changeSales(ref: MasterRef): Promise<ChangeOutcome> {
    const kept = await masters.getMaster(ref);
    const { central } = kept;
    const content = getContent(kept);
    if (!central) throw new TypeError(`${ref.kind} ${ref.rowId} was not read in Business Central`);
    const { toSales, agreed, differences } = await compare(kept, central);
    if (isEmpty(toSales)) return 'nothing';
    const fields = differences.filter(({ winner }) => winner === 'business-central');
    const names = new Set(fields.map(({ field }) => field));
    return keepingRefusals(ref, 'write-sales', async () => {
      await writeOnce<{ readonly done: true }>(ledger, {
        recordId: ref.rowId,
        writeKey: writeKey(ref.rowId, `change-${content.kind}-${toFingerprint(content.revision, toSales)}`),
        action: `change ${content.kind} in Sales`,
        outcomeMs: GUARDED_BY_ETAG,
        find: async () => {
          const { columns } = await salesMasters.readMaster(content.kind, ref.rowId);
          const isWritten = Object.entries(toSales).every(([name, value]) => (columns[name] ?? '') === value);
          return isWritten ? { done: true } : undefined;
        },
        write: async () => ({
          done: true as const,
          ...(await salesMasters.changeMaster(content.kind, ref.rowId, content.revision, toSales)),
        }),
        outcome: () => toAudit(content.number, fields, true),
      });
      await masters.change(ref, {
        content: { ...content, columns: { ...content.columns, ...toSales } },
        agreed: Object.fromEntries(Object.entries(agreed).filter(([field]) => names.has(field))),
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
      await masters.keepProblems(ref, step, []);
      return result;
    } catch (error) {
      if (error instanceof ApplicationFailure && error.type?.endsWith('/conflict')) return 'stale';
      const problems = findRefusals(error);
      if (problems.length === 0) throw error;
      await masters.keepProblems(ref, step, problems);
      return 'refused';
    }
  }

  const keepProblem = (ref: MasterRef, step: string, problem: MasterProblem): Promise<void> =>
    masters.keepProblems(ref, step, [problem]);

  return {
    keeping,
    keepingRefusals,
    keepProblem,
    readStanding,
    keepStanding,
    changeCentral,
    changeSales,
    compare,
    lookups,
    ledger,
  };
}

export type MasterSteps = ReturnType<typeof createMasterSteps>;

export function getContent({ content, kind, rowId }: KeptMaster): SalesMaster {
  if (!content) throw new TypeError(`${kind} ${rowId} was never read`);
  return content;
}

/** A linked row that was deleted before it was ever read. */
export function toGone(kind: SalesMaster['kind'], rowId: string): SalesMaster {
  const nothing = { number: undefined, currency: undefined, mergedInto: undefined, parentId: undefined };
  const empty = { revision: '', modifiedAt: new Date(0).toISOString(), name: '', columns: {}, owner: {} };
  return { kind, rowId, stateCode: 1, ...nothing, ...empty };
}

/** Everything that Sales says of a row: the same again is an echo. */
export function toEcho(master: SalesMaster): string {
  const { revision: _revision, modifiedAt: _modifiedAt, contacts, ...said } = master;
  const all = { ...said, contacts: contacts?.map(toEcho).sort() };
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/** `If-Match` makes a repeat harmless: it need not wait until the first attempt can land no more. */
const GUARDED_BY_ETAG = 0;

function isTaken(error: unknown): boolean {
  return error instanceof RemoteApiError && error.facts.remoteCode === 'Internal_EntityWithSameKeyExists';
}

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
  fields: readonly { readonly field: string; readonly sales: string; readonly central: string }[],
  isToSales = false,
) {
  const values = (isBefore: boolean, isCode: boolean): Readonly<Record<string, string>> =>
    Object.fromEntries(
      fields
        .filter(({ field }) => CODES.test(field) === isCode)
        .map(({ field, sales, central }) => [field, isBefore === isToSales ? sales : central]),
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
