import type { CompanyProbe } from '../clients/business-central/probe.js';
import type { CompanyPlace } from '../deal/companies.js';
import type { Database } from '../ledger/database.js';
import type { Access } from '../process/access.js';
import { toBusinessCentralEnvironment } from '../process/environment-lock.js';
import { type CompanyAccess, examineCompany, examinePermissions, examineSubscriptions } from './business-central.js';
import { examineRuleTargets, examineSetup } from './company-setup.js';
import { examineApplicationToken, type TokenNeeds } from './credentials.js';
import { examineEnvironments } from './environments.js';
import type { Finding } from './finding.js';
import type { Step } from './step.js';

/** The same steps for each company of Business Central, told together: where there are several, each line says which it is of. */

export interface ExaminedCompany {
  /** Undefined where there is only one. */
  readonly label: string | undefined;
  readonly company: Step<CompanyAccess>;
  /** By their title. */
  readonly steps: ReadonlyMap<string, Step>;
}

export interface ExaminedCompanies {
  /** Of all app registrations. */
  readonly tokens: Step;
  /** In the order in which they are told. */
  readonly steps: readonly Step[];
  /** The default company first. */
  list(): Promise<readonly ExaminedCompany[]>;
}

interface CompanyNeeds extends TokenNeeds {
  /** Of the app registration of the settings. */
  readonly token: Step<Access>;
  readonly db: Step<Database>;
  readonly keep: (probe: CompanyProbe) => void;
}

type Place = CompanyPlace & { readonly environmentUrl: string };

export function examineCompanies(needs: CompanyNeeds): ExaminedCompanies {
  const { config: configuration, token } = needs;
  const first = examineOne(needs, token, undefined, undefined);

  async function find() {
    const config = await configuration.value();
    const { applications, furtherCompanies } = config?.businessCentral ?? { applications: [], furtherCompanies: [] };
    const tokens = new Map(
      applications
        .filter(({ isOfItsOwn }) => isOfItsOwn)
        .map((application) => [application.name, examineApplicationToken(application, needs)]),
    );
    const further = furtherCompanies.map((place) =>
      examineOne(needs, tokens.get(place.application ?? '') ?? token, toLabel(place), place),
    );
    const label = config && further.length > 0 ? toLabel(config.businessCentral) : undefined;
    return { tokens: [token, ...tokens.values()], companies: [{ ...first, label }, ...further] };
  }
  let found: ReturnType<typeof find> | undefined;
  const once = () => {
    found ??= find();
    return found;
  };

  const tell = (title: string, report: () => Promise<readonly Finding[]>): Step => ({
    title,
    report: async () => ({ step: title, findings: await report() }),
    value: async () => undefined,
  });
  return {
    tokens: tell(token.title, async () => joined((await once()).tokens)),
    steps: [...first.steps.keys()].map((title) =>
      tell(title, async () => {
        const { companies } = await once();
        const told = companies.map(async ({ label, steps }) => {
          const step = steps.get(title);
          return step ? withLabel(label, (await step.report()).findings) : [];
        });
        return (await Promise.all(told)).flat();
      }),
    ),
    list: async () => (await once()).companies,
  };
}

function examineOne(
  { keep, ...needs }: CompanyNeeds,
  access: Step<Access>,
  label: string | undefined,
  place: Place | undefined,
): ExaminedCompany {
  const { config } = needs;
  const company = examineCompany(access, config, keep, place);
  const identity = examineEnvironments('business central: identity', { ...needs, access }, (known, reach) =>
    toBusinessCentralEnvironment({ ...known.businessCentral, ...place }, reach),
  );
  const steps = [
    company,
    identity,
    examinePermissions(company, config),
    examineSetup(company, config),
    examineRuleTargets(company, config),
    examineSubscriptions(company, config),
  ];
  return { label, company, steps: new Map(steps.map((step) => [step.title, step])) };
}

/** Two environments may have a company of one name. */
function toLabel({ company, environment }: CompanyPlace): string {
  return `${company} (${environment})`;
}

export function withLabel(label: string | undefined, findings: readonly Finding[]): readonly Finding[] {
  return label === undefined
    ? findings
    : findings.map((finding) => ({ ...finding, check: `${label}: ${finding.check}` }));
}

async function joined(steps: readonly Step[]): Promise<readonly Finding[]> {
  const reports = await Promise.all(steps.map((step) => step.report()));
  return reports.flatMap(({ findings }) => findings);
}
