import type { FlowPlaceInReading } from '../../src/activities/flows/flow.js';
import { createFlowSteps } from '../../src/activities/flows/flow-steps.js';
import { createFlows } from '../../src/activities/flows/switched-on.js';
import { createDataverseFlows } from '../../src/clients/dataverse/flows.js';
import type { Invoice } from '../../src/deal/business-central-document.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { documentKey } from '../../src/deal/document-number.js';
import type { FlowName } from '../../src/deal/flows.js';
import { createFlowLedger } from '../../src/ledger/feeds/flows.js';
import { parseRules } from '../../src/process/config.js';
import { createSeller } from './sales.js';
import { openSalesCounter, type SalesCounter } from './sales-counter.js';
import { createSimulatedTokens } from './tokens.js';

/** Both simulators with the steps of the flows, for tests without Temporal. */
export interface FlowCounter extends SalesCounter {
  /** Reads all there is of the flow and carries it; answers with the numbers. */
  run(flow: FlowName, rules: string): Promise<{ readonly carried: number; readonly noted: number; deferred: number }>;
  /** One page of a reading. */
  collect(flow: FlowName, rules: string, place: FlowPlaceInReading): Promise<void>;
  /** An order that was sold, with its posted invoice and its row in Sales. */
  invoiced(): Promise<Invoiced>;
  /** The same before Sales has the row. */
  posted(): Promise<Posted>;
  /** A column of the customer's own, as a customizer adds it. */
  addColumn(table: string, type: 'String' | 'Money' | 'Decimal' | 'Boolean' | 'DateTime', name: string): Promise<void>;
  /** What the ledger says of the things of a flow. */
  things(flow: FlowName): Promise<readonly Thing[]>;
}

export interface Invoiced {
  readonly deal: WonDeal;
  readonly invoice: Invoice;
  readonly salesInvoiceId: string;
}

export interface Posted extends Omit<Invoiced, 'salesInvoiceId'> {
  /** Answers with the id of the row. */
  writeRow(): Promise<string>;
}

interface Thing {
  readonly source_id: string;
  readonly target_id: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly remark: string | null;
}

export async function openFlowCounter(): Promise<FlowCounter> {
  const counter = await openSalesCounter();
  const { books, client, companyId, database, dataverse, ledger, simulators } = counter;
  const { connection } = simulators;
  const seller = createSeller(simulators);
  const access = {
    environmentUrl: connection.dataverse,
    tokens: createSimulatedTokens(connection, connection.dataverseApp),
    timeoutMs: 10_000,
  };
  const dataverseFlows = createDataverseFlows(access);
  const flows = createFlowLedger(database, companyId);
  const steps = (text: string) => {
    const rules = parseRules(text);
    const dependencies = {
      timeZone: rules.mapping.timeZone,
      ...{
        currencies: {},
        lines: rules.lines,
        businessCentral: client,
        companyId,
        dataverse,
        dataverseFlows,
        flows,
        feeds: counter.feeds,
        ledger,
        clock: counter.clock,
      },
      // What was asked may land no more: a repeat looks, and asks again at once.
      ...{ ambiguityWindowMs: 0, dataverseAmbiguityMs: 0 },
    };
    return createFlowSteps({ flows, switchedOn: createFlows(dependencies, rules.flows) });
  };
  async function posted(): Promise<Posted> {
    const { deal } = await counter.post();
    const key = documentKey(deal.recordId);
    await books.copyUnderKey('invoice', key);
    const [draft] = await client.findInvoices(deal.recordId);
    if (!draft) throw new Error('no draft');
    await books.postInvoice(draft.id);
    const invoice = await client.getInvoice(draft.id);
    await ledger.saveDocument(deal.recordId, 'invoice', invoice);
    return {
      deal,
      invoice,
      async writeRow() {
        const written = { ref: deal, revision: deal.revision, invoiceId: invoice.id };
        return (await counter.activities().createInvoiceRow(written)).invoiceId;
      },
    };
  }
  return {
    ...counter,
    posted,
    async collect(flow, rules, place) {
      await steps(rules).collectFlow({ companyId, flow, ...place });
    },
    async run(flow, rules) {
      const { collectFlow, carryFlow } = steps(rules);
      let place: { next?: string | undefined; beganAt?: string | undefined } = {};
      do {
        const page = await collectFlow({ companyId, flow, ...place });
        if (page === 'off') throw new Error(`${flow} is off`);
        place = { next: page.next, beganAt: page.beganAt };
      } while (place.next !== undefined);
      const total = { carried: 0, noted: 0, deferred: 0 };
      for (;;) {
        const { carried, noted, deferred, hasMore } = await carryFlow({ companyId, flow });
        total.carried += carried;
        total.noted += noted;
        total.deferred += deferred;
        if (!hasMore) return total;
      }
    },
    async invoiced() {
      const { writeRow, ...rest } = await posted();
      return { ...rest, salesInvoiceId: await writeRow() };
    },
    async addColumn(table, type, name) {
      await seller.call(`EntityDefinitions(LogicalName='${table}')/Attributes`, {
        '@odata.type': `Microsoft.Dynamics.CRM.${type}AttributeMetadata`,
        SchemaName: name,
        MaxLength: 100,
      });
    },
    async things(flow) {
      const sql =
        'SELECT source_id, target_id, state, reason, remark FROM flow_rows WHERE flow = $1 ORDER BY source_id';
      return (await database.query<Thing & Record<string, unknown>>(sql, [flow])).rows;
    },
    async close() {
      await dataverseFlows.close();
      await counter.close();
    },
  };
}
