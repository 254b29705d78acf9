import { lookUpCompany } from '../clients/business-central/environment.js';
import { type CompanyProbe, createCompanyProbe } from '../clients/business-central/probe.js';
import { createSubscriptionClient } from '../clients/business-central/subscriptions.js';
import {
  BUSINESS_CENTRAL_WEBHOOK,
  SUBSCRIBED_RESOURCES,
  type SubscribedResource,
  subscriptionId,
  subscriptionsWorkflowId,
} from '../deal/business-central-feeds.js';
import { FLOWS, type FlowName } from '../deal/flows.js';
import { plural } from '../deal/plural.js';
import type { Access } from '../process/access.js';
import type { Config } from '../process/config.js';
import { type Finding, listed, notChecked, ok, warning, wrong } from './finding.js';
import { look } from './refusals.js';
import { codesOfRules } from './rules-codes.js';
import { createStep, type Step } from './step.js';

/** Environment, company, permissions and subscriptions of Business Central. */

export interface CompanyAccess {
  readonly access: Access;
  readonly companyId: string;
  readonly probe: CompanyProbe;
}

const TIMEOUT_MS = 20_000;

/** @param place of a company that the rules name; undefined: the default one */
export function examineCompany(
  access: Step<Access>,
  configuration: Step<Config>,
  keep: (probe: CompanyProbe) => void,
  place?: { readonly company: string; readonly environmentUrl: string },
): Step<CompanyAccess> {
  return createStep('business central', { access, config: configuration }, async (known) => {
    const { company: wanted, environmentUrl } = place ?? known.config.businessCentral;
    const quick = { ...known.access, environmentUrl, timeoutMs: Math.min(known.access.timeoutMs, TIMEOUT_MS) };
    const { company, companies } = await lookUpCompany(quick, wanted);
    const environment = ok('environment', `answers, ${plural(companies.length, 'company', 'companies')}`);
    if (!company) {
      const names = listed(companies.map((one) => `'${one.name}'`));
      const setting = place ? '`company` in the rules file' : 'BC_COMPANY';
      const advice = `Set ${setting} to one of them exactly (the name of page Companies, not the display name).`;
      return { findings: [environment, wrong('company', `'${wanted}' is none of ${names}`, advice)] };
    }
    const probe = createCompanyProbe({ ...quick, companyId: company.id });
    keep(probe);
    return {
      value: { access: quick, companyId: company.id, probe },
      findings: [environment, ok('company', `'${company.name}' is ${company.id}`)],
    };
  });
}

const SETS = [
  'customers',
  'contacts',
  'items',
  'salesInvoices',
  'salesOrders',
  'salesQuotes',
  'unitsOfMeasure',
  'currencies',
  'generalLedgerSetup',
];

/** What a flow reads besides. */
const SETS_OF_FLOWS: Readonly<Partial<Record<FlowName, readonly string[]>>> = {
  creditMemos: ['salesCreditMemos', 'generalLedgerEntries'],
  shipments: ['salesShipments'],
  customerFinances: ['customerFinancialDetails'],
};

/** The sets that have to be written, with the permission set that allows it (reference/business-central 1.2). */
const WRITES =
  "add 'D365 SALES DOC, EDIT', 'D365 SALES DOC, POST', 'D365 CUSTOMER, EDIT', 'D365 ITEM, EDIT' and 'D365 WEBHOOK SUBSCR', never SUPER.";

export function examinePermissions(company: Step<CompanyAccess>, configuration: Step<Config>): Step<true> {
  return createStep('business central: read', { company, config: configuration }, async ({ company: at, config }) => {
    const ofFlows = FLOWS.flatMap((flow) => (config.rules.flows[flow] ? (SETS_OF_FLOWS[flow] ?? []) : []));
    const sets = [...new Set([...SETS, ...ofFlows, ...Object.keys(codesOfRules(config.rules))])];
    const findings = await Promise.all(
      sets.map((set) =>
        look(set, async () => {
          await at.probe.readOne(set);
          return 'readable';
        }),
      ),
    );
    const page = 'Business Central > page Microsoft Entra Applications > the app > User Permission Sets';
    findings.push(
      notChecked(
        'write',
        'nothing shows it without writing; without read permission invoices are left out in silence, too',
        `${page}: ${WRITES}`,
      ),
    );
    return { value: true, findings };
  });
}

const HOUR_MS = 3_600_000;
/** They are renewed daily and live for three days: less than a day and a half left means that a renewal failed. */
const ENDS_SOON_MS = 36 * HOUR_MS;

export function examineSubscriptions(company: Step<CompanyAccess>, configuration: Step<Config>): Step<true> {
  return createStep(
    'business central: subscriptions',
    { company, config: configuration },
    async ({ company: at, config }) => {
      const { publicUrl } = config.starter;
      if (publicUrl === undefined || !config.feeds) {
        const why = publicUrl === undefined ? 'STARTER_PUBLIC_URL is not set' : 'FEEDS is off';
        const advice = 'Changes are read in turns all the same; for notices set STARTER_PUBLIC_URL and FEEDS=on.';
        return { findings: [notChecked('subscriptions', why, advice)] };
      }
      const client = createSubscriptionClient(at.access);
      try {
        const found = await client.listSubscriptions();
        const toSubscription = (resource: SubscribedResource): Finding => {
          const one = found.find(({ id }) => id === subscriptionId(at.companyId, resource));
          const advice = `Let the starter run with FEEDS=on and be reachable at STARTER_PUBLIC_URL, then \`temporal workflow signal -w ${subscriptionsWorkflowId(at.companyId)} --name nudge\`.`;
          if (!one) return wrong(resource, 'there is no subscription', advice);
          // What follows is a key, which is no one's to read here.
          const [base, key] = splitLast(one.notificationUrl);
          if (key === '' || base !== `${publicUrl}${BUSINESS_CENTRAL_WEBHOOK}`)
            return wrong(resource, `it notifies ${base}`, advice);
          const hours = Math.round((Date.parse(one.expiresAt) - Date.now()) / HOUR_MS);
          const until = `until ${one.expiresAt}`;
          return hours * HOUR_MS < ENDS_SOON_MS
            ? warning(resource, `${until}, ${plural(hours, 'hour')} left: it was not renewed`, advice)
            : ok(resource, until);
        };
        return { value: true, findings: SUBSCRIBED_RESOURCES.map(toSubscription) };
      } finally {
        await client.close();
      }
    },
  );
}

function splitLast(url: string): [string, string] {
  const at = url.lastIndexOf('/');
  return [url.slice(0, at), url.slice(at + 1)];
}
