/**
 * Where a step belongs: chosen once, where the record is read, and carried by its workflow. An activity whose input lacks
 * it does not compile, so that a renamed field can never post into the books of another company.
 */
export interface CompanyContext {
  /** Id of the company in Business Central. */
  readonly companyId: string;
}

export interface StepContext extends CompanyContext {
  /** Of the mapping that the document is made by. */
  readonly mappingHash: string;
}
