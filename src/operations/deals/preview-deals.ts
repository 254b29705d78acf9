import { z } from 'zod';
import type { DataverseFlows } from '../../clients/dataverse/flows.js';
import { RemoteApiError } from '../../clients/errors.js';
import { UnknownError } from '../../deal/errors.js';
import { parseRecordId, SOURCE_TABLES } from '../../deal/ids.js';
import type { Queryable } from '../../ledger/database.js';
import type { Preview } from '../../mapping/preview/preview.js';
import { findFlowFaults } from '../../mapping/preview/preview-flows.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { defineOperation } from '../operation.js';
import { findDeal } from './find-deal.js';
import {
  type ChangedDeal,
  compareMappings,
  createPreviewer,
  type PreviewDependencies,
  previewSince,
} from './previewer.js';

export { createFitCount } from '../../mapping/preview/fit.js';
export type { Preview, PreviewRow } from '../../mapping/preview/preview.js';

/** What a hand-over would write. Both systems are only read. */

interface Dependencies extends PreviewDependencies {
  readonly rules: Rules;
}

const since = z.iso.date('a date such as 2026-03-31');

export const previewDeal = defineOperation({
  act: 'preview a deal',
  input: z.strictObject({ table: z.enum(SOURCE_TABLES), recordId: z.string().transform(parseRecordId) }),
  run: (dependencies: Dependencies, { table, recordId }): Promise<Preview> => {
    const { dataverse } = dependencies;
    const named = { ...dataverse, readDeal: readOrUnknown(dataverse) };
    return createPreviewer({ ...dependencies, dataverse: named }, dependencies.rules).preview(table, recordId);
  },
});

/** A GUID that Sales has no such row for is a fault of what was typed, not of Sales. */
function readOrUnknown({ readDeal }: Dependencies['dataverse']): Dependencies['dataverse']['readDeal'] {
  return (table, recordId, ...asked) =>
    readDeal(table, recordId, ...asked).catch((error: unknown) => {
      if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw error;
      throw new UnknownError('recordId', `the GUID of a row of ${table} in Sales`, recordId);
    });
}

/** The same of a deal that the ledger knows, by any of its numbers. */
export const previewListedDeal = defineOperation({
  act: 'preview a deal',
  input: z.strictObject({ deal: z.string().min(1, 'a number or GUID') }),
  run: async (dependencies: Dependencies & { readonly database: Queryable }, input): Promise<Preview> => {
    const { table, recordId } = await findDeal(dependencies.database, input.deal);
    return createPreviewer(dependencies, dependencies.rules).preview(table, recordId);
  },
});

/** What stands in the way of that which flows back: columns that Sales lacks, or that cannot hold what comes. */
export const previewFlows = defineOperation({
  act: 'preview a deal',
  input: z.strictObject({}),
  run: ({ dataverseFlows, rules }: FlowDependencies): Promise<string[]> =>
    findFlowFaults(rules.flows, (table, column) => dataverseFlows.findColumn(table, column)),
});

interface FlowDependencies {
  readonly dataverseFlows: Pick<DataverseFlows, 'findColumn'>;
  readonly rules: Pick<Rules, 'flows'>;
}

/** Every deal that changed since a day, one after the other: there may be thousands. */
export const previewDeals = defineOperation({
  act: 'preview a deal',
  input: z.strictObject({ since }),
  run: async (dependencies: Dependencies, input): Promise<AsyncIterable<Preview>> =>
    previewSince(dependencies, createPreviewer(dependencies, dependencies.rules), input.since),
});

/** What other rules would make different of the deals that changed since a day. */
export const previewOtherRules = defineOperation({
  act: 'preview a deal',
  input: z.strictObject({ since }),
  run: async (
    dependencies: Dependencies & { readonly otherRules: Rules },
    input,
  ): Promise<AsyncIterable<ChangedDeal>> => {
    const { rules, otherRules } = dependencies;
    const [today, other] = [createPreviewer(dependencies, rules), createPreviewer(dependencies, otherRules)];
    return compareMappings(dependencies, today, other, input.since);
  },
});
