import {
  type BusinessCentralClient,
  createBusinessCentralClient,
  type WholeRow,
} from '../clients/business-central/client.js';
import type { SetupFacts } from '../clients/business-central/probe.js';
import { toCode } from '../deal/codes.js';
import { describePostingPeriod } from '../deal/posting-period.js';
import type { Config } from '../process/config.js';
import type { CompanyAccess } from './business-central.js';
import { type Finding, listed, notChecked, ok, wrong } from './finding.js';
import { toFinding } from './refusals.js';
import { accountsOfRules, codesOfRules, dimensionsOfRules } from './rules-codes.js';
import { createStep, type Step } from './step.js';

/** What the company must have set up before a document of ours can be posted. */

export function examineSetup(company: Step<CompanyAccess>, configuration: Step<Config>): Step<true> {
  return createStep(
    'business central: setup',
    { company, config: configuration },
    async ({ company: { probe }, config }) => {
      const setup = await probe.readSetup().catch((error: unknown) => toFinding('posting period', error));
      const findings: Finding[] = [];
      if (setup === undefined) {
        findings.push(
          notChecked('posting period', 'the company has no general ledger setup', 'Set the company up first.'),
        );
      } else if ('check' in setup) findings.push(setup);
      else {
        findings.push(
          toPeriod(setup, toDay(new Date(), config.rules.mapping.timeZone)),
          ok('local currency', setup.localCurrency || 'none is set'),
        );
      }
      findings.push(
        notChecked(
          'posting period of the user',
          'API v2.0 does not show it',
          'Page User Setup: the line of the app, if there is one, must allow posting today.',
        ),
        notChecked(
          'number series',
          'API v2.0 does not show them',
          'Pages Sales & Receivables Setup (customers, invoices, orders, posted documents), Inventory Setup (items) and Marketing Setup (contacts): each names a series; page No. Series: Manual Nos. on for customers, items and contacts, whose numbers come from Sales.',
        ),
        notChecked(
          'templates',
          'API v2.0 does not show them',
          'Page API Setup: templates for Customer and Item with posting groups; without them new customers cannot be sold to.',
        ),
      );
      return { value: true, findings };
    },
  );
}

function toPeriod({ postingFrom, postingTo }: SetupFacts, today: string): Finding {
  const found = describePostingPeriod({ from: postingFrom, to: postingTo });
  const isOpen = (postingFrom ?? today) <= today && today <= (postingTo ?? today);
  const advice = `Page General Ledger Setup: let Allow Posting From and Allow Posting To cover ${today}.`;
  return isOpen ? ok('posting period', found) : wrong('posting period', `${found}: not today, ${today}`, advice);
}

/** The day that people in the company have, as `2026-03-31`. */
function toDay(now: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone }).format(now);
}

export function examineRuleTargets(company: Step<CompanyAccess>, configuration: Step<Config>): Step<true> {
  return createStep('business central: rules', { company, config: configuration }, async ({ company: at, config }) => {
    const client = createBusinessCentralClient({ ...at.access, companyId: at.companyId });
    const codes = Object.entries(codesOfRules(config.rules));
    const dimensions = dimensionsOfRules(config.rules);
    if (dimensions.length > 0) codes.push(['dimensions', dimensions]);
    const examineCodes = async (set: string, wanted: readonly string[]): Promise<Finding> => {
      try {
        const found = new Set((await client.readCodes(set)).map(({ code }) => toCode(code)));
        if (set === 'currencies') found.add(await findLocalCurrency(client));
        const missing = wanted.filter((code) => !found.has(toCode(code)));
        if (missing.length === 0)
          return ok(set, `has ${wanted.length === 1 ? 'the one code' : `all ${wanted.length} codes`} of the rules`);
        const advice = `Add them in Business Central (${set}), or correct them in the rules file.`;
        return wrong(set, `the rules name ${listed(missing)}, which is not there`, advice);
      } catch (error) {
        return toFinding(set, error);
      }
    };
    try {
      const findings = await Promise.all([
        examineAccounts((numbers) => client.findWholeRows('accounts', numbers), accountsOfRules(config.rules)),
        ...codes.map(async ([set, wanted]) => [await examineCodes(set, wanted ?? [])]),
      ]);
      return { value: true, findings: findings.flat() };
    } finally {
      await client.close();
    }
  });
}

/** It normally has no row among the others (reference/business-central 2.5). */
async function findLocalCurrency(client: BusinessCentralClient): Promise<string> {
  const setup = await client.readCodes('ledgerSetup');
  return setup.find(({ code }) => code === 'LCY')?.name.toUpperCase() ?? '';
}

async function examineAccounts(
  find: (numbers: readonly string[]) => Promise<readonly WholeRow[]>,
  numbers: readonly string[],
): Promise<Finding[]> {
  if (numbers.length === 0) {
    const advice = 'Name writeInAccount and freightAccount in the rules file if deals have write-in lines or freight.';
    return [notChecked('accounts', 'the rules name none: write-in lines and freight are held', advice)];
  }
  try {
    const rows = await find(numbers);
    return numbers.map((number) =>
      toAccount(
        number,
        rows.find((row) => row['number'] === number),
      ),
    );
  } catch (error) {
    return [toFinding('accounts', error)];
  }
}

function toAccount(number: string, row: WholeRow | undefined): Finding {
  const check = `account ${number}`;
  const page = `Business Central > page G/L Account Card > ${number}`;
  if (!row)
    return wrong(check, 'there is no such account', 'Add it to page Chart of Accounts, or correct the rules file.');
  if (row['accountType'] !== 'Posting') {
    return wrong(check, `it is a ${String(row['accountType'])}`, `Name a posting account in the rules file.`);
  }
  if (row['blocked'] === true) return wrong(check, 'it is blocked', `${page}: clear Blocked.`);
  if (row['directPosting'] !== true) return wrong(check, 'direct posting is off', `${page}: set Direct Posting.`);
  return ok(check, 'posting account with direct posting');
}
