import type { CompanyContext, StepContext } from '../../deal/step-context.js';
import type { Rules } from '../../mapping/rules/rules.js';
import type { Companies, Company } from './companies.js';
import type { RulesOfRecords } from './rules-of-records.js';

/** A step as the worker calls it; its input names where it belongs. */
type StepsOf<Context, Steps> = {
  readonly [Name in keyof Steps]: Steps[Name] extends (input: infer Input) => Promise<unknown>
    ? Input extends Context
      ? Steps[Name]
      : never
    : never;
};

/** The same steps for every company: each call goes to the company that its input names, and to no other. */
export function routeByCompany<Steps extends StepsOf<CompanyContext, Steps>>(
  companies: Pick<Companies, 'first' | 'withId'>,
  create: (company: Company) => Steps,
): Steps {
  const made = new Map<string, Steps>();
  return route<CompanyContext, Steps>(create(companies.first), async ({ companyId }) => {
    const company = await companies.withId(companyId);
    return remember(made, company.companyId, () => create(company));
  });
}

/** The same steps for every company and mapping. @throws ApplicationFailure when the ledger has no such mapping */
export function routeByContext<Steps extends StepsOf<StepContext, Steps>>(
  companies: Pick<Companies, 'first' | 'withId'>,
  rules: Pick<RulesOfRecords, 'today' | 'withHash'>,
  create: (company: Company, rules: Rules) => Steps,
): Steps {
  const made = new Map<string, Steps>();
  return route<StepContext, Steps>(create(companies.first, rules.today), async ({ companyId, mappingHash }) => {
    const company = await companies.withId(companyId);
    const wanted = await rules.withHash(mappingHash);
    return remember(made, `${company.companyId} ${mappingHash}`, () => create(company, wanted));
  });
}

function remember<Steps>(made: Map<string, Steps>, key: string, create: () => Steps): Steps {
  const known = made.get(key) ?? create();
  made.set(key, known);
  return known;
}

/** @param shape names the steps; which of them does the work is chosen at each call */
function route<Context, Steps extends object>(shape: Steps, choose: (context: Context) => Promise<Steps>): Steps {
  const routed = Object.keys(shape).map((name) => [
    name,
    async (input: Context) => {
      const steps = await choose(input);
      const step = steps[name as keyof Steps] as (given: Context) => Promise<unknown>;
      return step(input);
    },
  ]);
  // Each step takes and gives what the step of that name does, whichever is chosen.
  return Object.fromEntries(routed) as Steps;
}
