import { until } from './deals.js';
import type { Stage } from './processes.js';

type Row = Record<string, unknown>;

/** What tests of masters see and do on both sides, without going through Dealbridge. */
export function createMasterDataEditor(stage: Stage) {
  const { dataverse, businessCentral } = stage.simulators;
  const table = (name: string) => dataverse.store.schema.table(name);
  const salesRow = (name: string, id: string) => {
    const row = dataverse.store.find(name, id);
    if (!row) throw new Error(`Sales has no ${name} ${id}`);
    return row;
  };
  const change = (name: string, id: string, values: Row): void => {
    dataverse.store.update(table(name), salesRow(name, id), values as never);
  };

  return {
    salesRow: (name: string, id: string): Row => salesRow(name, id),
    changeSales: change,
    customer: (number: string): Row => {
      const row = businessCentral.company.findByNumber('customers', number);
      if (!row) throw new Error(`Business Central has no customer ${number}`);
      return row;
    },
    item: (number: string): Row => {
      const row = businessCentral.company.findByNumber('items', number);
      if (!row) throw new Error(`Business Central has no item ${number}`);
      return row;
    },
    changeBusinessCentral(set: 'customers' | 'items' | 'contacts', number: string, values: Row): void {
      const row = businessCentral.company.findByNumber(set, number);
      if (!row) throw new Error(`Business Central has no ${number} in ${set}`);
      businessCentral.company.change(set, row, values as never);
    },
    contactsOf: (companyNumber: string): Row[] =>
      [...businessCentral.company.all('contacts')].filter((row) => row['companyNumber'] === companyNumber),
    /** Links without a deal, as an earlier hand-over would have left them. */
    async link(kind: 'customer' | 'item', salesId: string, number: string): Promise<void> {
      const row = businessCentral.company.findByNumber(kind === 'customer' ? 'customers' : 'items', number);
      const bcId = String(row?.['id']);
      await stage.ledger.saveLink(kind, businessCentral.company.id, { salesId, bcId, bcNumber: number });
    },
    async untilEnded(workflowId: string): Promise<void> {
      await stage.temporal.workflow.getHandle(workflowId).result();
    },
    untilProblem: async (rowId: string, reason: string): Promise<string> => {
      let text = '';
      await until(async () => {
        const { rows } = await stage.database.query<{ steps: Record<string, { reason: string; text: string }[]> }>(
          `SELECT problems -> 'steps' AS steps FROM masters WHERE row_id = $1 AND problem_since IS NOT NULL`,
          [rowId],
        );
        const found = Object.values(rows[0]?.steps ?? {})
          .flat()
          .find((problem) => problem.reason === reason);
        text = found?.text ?? '';
        return found !== undefined;
      });
      return text;
    },
  };
}
