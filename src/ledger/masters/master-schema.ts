import { z } from 'zod';
import { HOLDS } from '../../deal/holds.js';
import {
  type Agreed,
  type BusinessCentralMaster,
  type DataverseMaster,
  MASTER_KINDS,
  type MasterProblem,
} from '../../deal/masters.js';
import { contentOf, nameOf } from '../stored-content.js';

/** Master data as the ledger stores it, version 1. */

const text = z.string();
const columns = z.record(z.string(), z.string());

const dataverseMaster = {
  kind: z.enum(MASTER_KINDS),
  rowId: text,
  revision: text,
  modifiedAt: text,
  stateCode: z.number(),
  number: text.optional(),
  name: text,
  columns,
  owner: columns,
  currency: text.optional(),
  mergedInto: text.optional(),
  parentId: text.optional(),
  unit: text.optional(),
  isFamily: z.boolean().optional(),
  isService: z.boolean().optional(),
};

/** Without the contacts of an account: each is a row of its own. */
export const dataverseMasterContent = contentOf<DataverseMaster>({
  ...dataverseMaster,
  contacts: z.undefined().optional(),
});

export const businessCentralMasterContent = contentOf<BusinessCentralMaster>({
  id: text,
  etag: text,
  number: text,
  modifiedAt: text,
  values: columns,
});

const agreed = contentOf<Agreed>({ dataverse: text, businessCentral: text });
export const agreedContent = z.object({ fields: z.record(z.string(), agreed) });

const problem = contentOf<MasterProblem>({ reason: nameOf(HOLDS), text });
/** By the step that found them. */
export const problemsContent = z.object({ steps: z.record(z.string(), z.array(problem)) });
