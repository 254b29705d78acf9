import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import { toDocumentRequest } from '../../clients/business-central/document-body.js';
import { createReferenceSets, type ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { DataverseClient } from '../../clients/dataverse/client.js';
import type { WonDeal } from '../../deal/deal.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { withOurNumbers } from '../../mapping/fields/masters.js';
import { askedOfRecord } from '../../mapping/plan/asked-of-record.js';
import { createFindAccountsWithNumbers, type LinkReader } from '../../mapping/plan/customer-identity.js';
import { findChanges, type PreviewChange } from '../../mapping/preview/changes.js';
import type { Preview } from '../../mapping/preview/preview.js';
import { previewDeal } from '../../mapping/preview/preview-deal.js';
import type { Rules } from '../../mapping/rules/rules.js';

/** Reads what a hand-over would read and tells what it would write. Only GETs leave this file; the ledger is read. */

/** As much of a company as is read for a preview. */
export type PreviewCompany = Pick<
  BusinessCentralClient,
  'companyId' | 'findCustomer' | 'readDefaultDimensions' | 'findWholeRows' | 'readCodes'
>;

export interface PreviewDependencies {
  readonly dataverse: Pick<DataverseClient, 'readDeal' | 'findRecordIds' | 'findAccountsWithNumbers'>;
  /** Who is linked, and what people decided about it. */
  readonly ledger: LinkReader;
  /** The company that the rules choose for the deal. */
  readonly companyOf: (deal: WonDeal, rules: Rules) => Promise<PreviewCompany>;
}

export interface Previewer {
  preview(table: SourceTable, recordId: string): Promise<Preview>;
  /** @param read with the numbers that it has in Sales */
  previewRead(read: WonDeal): Promise<Preview>;
}

export function createPreviewer({ dataverse, companyOf, ledger }: PreviewDependencies, rules: Rules): Previewer {
  const known = new Map<PreviewCompany, ReferenceSets>();
  const setsOf = (company: PreviewCompany): ReferenceSets => {
    const sets = known.get(company) ?? createReferenceSets({ readCodes: (set) => company.readCodes(set) });
    known.set(company, sets);
    return sets;
  };
  const previewRead = async (read: WonDeal): Promise<Preview> => {
    const company = await companyOf(await withOurNumbers(read, rules.mapping, rules.masters.items), rules);
    const findAccountsWithNumbers = createFindAccountsWithNumbers(dataverse, rules);
    const sets = setsOf(company);
    return previewDeal(read, rules, { company, sets, ledger, findAccountsWithNumbers, toBody: toDocumentRequest });
  };
  return {
    previewRead,
    async preview(table, recordId) {
      return previewRead(await dataverse.readDeal(table, recordId, askedOfRecord(rules, table)));
    },
  };
}

/** Whether the record is handed over by itself: another one may carry the deal, or it may not be won under these rules. */
export function isHandedOver({ deal, problems }: Preview): boolean {
  return deal.carrier === undefined && !problems.some(({ reason }) => reason === 'not-won');
}

export interface ChangedDeal {
  readonly deal: Preview['deal'];
  readonly changes: readonly PreviewChange[];
}

/** Every deal that changed since a day and is handed over by itself, under the rules of today. */
export async function* previewSince(
  { dataverse }: PreviewDependencies,
  previewer: Previewer,
  since: string,
): AsyncGenerator<Preview> {
  for (const table of SOURCE_TABLES) {
    for (const recordId of await dataverse.findRecordIds(table, since)) {
      const preview = await previewer.preview(table, recordId);
      if (isHandedOver(preview)) yield preview;
    }
  }
}

/** What another mapping would make different, deal by deal; deals that stay the same are left out. */
export async function* compareMappings(
  dependencies: PreviewDependencies,
  before: Previewer,
  after: Previewer,
  since: string,
): AsyncGenerator<ChangedDeal> {
  for await (const preview of previewSince(dependencies, before, since)) {
    const { table, recordId } = preview.deal;
    const other = await after.preview(table, recordId);
    const changes = findChanges(preview, other);
    if (changes.length > 0) yield { deal: preview.deal, changes };
  }
}
