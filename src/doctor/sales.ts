import { ENTITY_SETS } from '../clients/dataverse/entity-sets.js';
import { createDataverseProbe, type DataverseProbe } from '../clients/dataverse/probe.js';
import { FEED_TABLES, SOURCE_TABLES, type SourceTable } from '../deal/ids.js';
import { askedColumns } from '../mapping/fields/columns.js';
import { mayWriteSales } from '../mapping/fields/compare-masters.js';
import type { MasterSection } from '../mapping/fields/master-fields.js';
import { creationPolicyOf } from '../mapping/rules/rules.js';
import type { Access } from '../process/access.js';
import type { Config } from '../process/config.js';
import { type Finding, listed, notChecked, ok, wrong } from './finding.js';
import { look, toFinding } from './refusals.js';
import { createStep, type Step } from './step.js';

/** What the Application User may in Dataverse, and what the environment must have switched on. */

export interface DataverseAccess {
  readonly probe: DataverseProbe;
  readonly userId: string;
}

const TIMEOUT_MS = 20_000;

export function examineDataverse(access: Step<Access>, keep: (probe: DataverseProbe) => void): Step<DataverseAccess> {
  return createStep('dataverse', { access }, async ({ access: { timeoutMs, ...rest } }) => {
    const probe = createDataverseProbe({ ...rest, timeoutMs: Math.min(timeoutMs, TIMEOUT_MS) });
    keep(probe);
    const { userId, organizationId } = await probe.whoAmI();
    return {
      value: { probe, userId },
      findings: [ok('WhoAmI', `user ${userId}`), ok('organization', organizationId)],
    };
  });
}

/** The sets that are read, with the expansions of the request that reads a deal. */
const LINES: Readonly<Record<SourceTable, string>> = {
  opportunity: 'product_opportunities',
  quote: 'quote_details',
  salesorder: 'order_details',
};
const ACCOUNT = 'customerid_account($select=accountid)';
const READS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    SOURCE_TABLES.map((table) => [
      table,
      `${ENTITY_SETS[table]}?$top=1&$select=${table}id&$expand=${LINES[table]}($select=quantity),${ACCOUNT}`,
    ]),
  ),
  account: 'accounts?$top=1&$select=accountid',
  contact: 'contacts?$top=1&$select=contactid',
  product: 'products?$top=1&$select=productid',
  uom: 'uoms?$top=1&$select=uomid',
  transactioncurrency: 'transactioncurrencies?$top=1&$select=isocurrencycode',
  invoice: 'invoices?$top=1&$select=invoiceid&$expand=invoice_details($select=quantity)',
  annotation: 'annotations?$top=1&$select=annotationid',
};

export function examineSalesReads(dataverse: Step<DataverseAccess>, configuration: Step<Config>): Step<true> {
  return createStep(
    'dataverse: read',
    { dataverse, config: configuration },
    async ({ dataverse: { probe }, config }) => {
      const reads: Record<string, string> = { ...READS };
      if (
        SOURCE_TABLES.some(
          (table) =>
            askedColumns(config.rules.mapping, config.rules.lines, creationPolicyOf(config.rules), table).owner,
        )
      )
        reads['systemuser'] = 'systemusers?$top=1&$select=systemuserid';
      const findings = await Promise.all(
        Object.entries(reads).map(([table, path]) =>
          look(table, async () => {
            await probe.readOne(path);
            return path.includes('$expand') ? 'readable, with its lines' : 'readable';
          }),
        ),
      );
      return { value: true, findings };
    },
  );
}

export function examineChangeTracking(dataverse: Step<DataverseAccess>): Step<true> {
  return createStep('dataverse: change tracking', { dataverse }, async ({ dataverse: { probe } }) => {
    const tracked = await probe.listTracked();
    const findings = await Promise.all(
      FEED_TABLES.map(async (table): Promise<Finding> => {
        if (tracked.has(table)) {
          return look(table, async () => {
            await probe.readOneChange(ENTITY_SETS[table]);
            return 'on, and readable at organization level';
          });
        }
        const advice = `Power Apps > Tables > ${table} > Properties > Advanced options: Track changes (once on, it stays on).`;
        return wrong(table, 'off: the feed cannot read it', advice);
      }),
    );
    return { value: true, findings };
  });
}

/**
 * Lines have no privileges of their own, price lists and units have those of the product
 * (https://learn.microsoft.com/previous-versions/dynamicscrm-2015/developers-guide/gg309255(v=crm.7)); a note's table is
 * called note.
 */
function wantedPrivileges({ rules }: Config): string[] {
  const wanted = [
    ...['Create', 'Read', 'Write', 'Append', 'AppendTo'].map((verb) => `prv${verb}Invoice`),
    ...['Create', 'Read', 'Append'].map((verb) => `prv${verb}Note`),
    ...['Opportunity', 'Quote', 'SalesOrder'].flatMap((table) => [`prvAppendTo${table}`]),
    'prvAppendToAccount',
    'prvAppendToContact',
    'prvAppendToProduct',
    'prvAppendToTransactionCurrency',
  ];
  const { opportunity, quote, salesorder } = rules.sellerNotes?.columns ?? {};
  if (rules.hasOpportunityColumns || opportunity) wanted.push('prvWriteOpportunity');
  if (quote) wanted.push('prvWriteQuote');
  if (rules.sellerNotes) wanted.push('prvWriteNote');
  if (rules.closeOrders || salesorder || rules.flows.shipments?.columns) wanted.push('prvWriteSalesOrder');
  const winsMaster = (section: MasterSection): boolean => mayWriteSales(section, rules.mapping, rules.masters);
  if (rules.flows.customerFinances || winsMaster('customer')) wanted.push('prvWriteAccount');
  if (rules.masters.contacts && winsMaster('contact')) wanted.push('prvWriteContact');
  if (rules.flows.stock || winsMaster('item')) wanted.push('prvWriteProduct');
  return wanted;
}

export function examinePrivileges(dataverse: Step<DataverseAccess>, configuration: Step<Config>): Step<true> {
  return createStep(
    'dataverse: write',
    { dataverse, config: configuration },
    async ({ dataverse: { probe, userId }, config }) => {
      const where = 'Power Platform admin center > Environments > the environment > Settings > Security roles';
      const wanted = wantedPrivileges(config);
      const found = await probe.findPrivileges(userId).catch((error: unknown) => toFinding('privileges', error));
      if (found === undefined || 'check' in found) {
        const why = found === undefined ? 'the environment names no privileges' : found.found;
        return {
          value: true,
          findings: [notChecked('privileges', why, `${where}: the role needs ${listed(wanted, 99)}.`)],
        };
      }
      const missing = wanted.filter((name) => !found.has(name.toLowerCase()));
      const finding =
        missing.length > 0
          ? wrong('privileges', `the roles lack ${listed(missing, 99)}`, `${where} > the connector's role: grant them.`)
          : ok('privileges', `the roles have all ${wanted.length} that are needed to write`);
      return { value: true, findings: [finding] };
    },
  );
}
