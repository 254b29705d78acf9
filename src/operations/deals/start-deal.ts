import { z } from 'zod';
import { parseRecordId, SOURCE_TABLES } from '../../deal/ids.js';
import { type StartDealDependencies, type StartOutcome, startDeal as start } from '../../dispatch/start-deal.js';
import { defineOperation } from '../operation.js';

/** Starts the hand-over of one record by hand, as a webhook or a feed would. */
export const startDeal = defineOperation({
  act: 'start a deal',
  input: z.strictObject({ table: z.enum(SOURCE_TABLES), recordId: z.string().transform(parseRecordId) }),
  run: (dependencies: StartDealDependencies, ref): Promise<StartOutcome> => start(dependencies, ref),
  record: (ref, outcome) => ({ recordId: ref.recordId, facts: { table: ref.table, outcome: outcome.kind } }),
});
