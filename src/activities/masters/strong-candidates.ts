import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import { toCode } from '../../deal/codes.js';
import type { WonDeal } from '../../deal/deal.js';
import type { BusinessCentralMaster } from '../../deal/masters.js';
import { domainOf, STRONG, toMatchKeys, toScore } from '../../deal/matching.js';
import type { MatchLedger } from '../../ledger/masters/matching.js';
import type { Rules } from '../../mapping/rules/rules.js';

/** Whether a customer that is about to be created may exist already under another number. */

/** What speaks against a new customer, in words for a person; nothing when nothing does. */
export type FindStrongCandidate = (deal: WonDeal, number: string) => Promise<string | undefined>;

/** Undefined unless the rules want to be asked. Two requests: by name and by e-mail domain. */
export function createFindStrongCandidate(dependencies: {
  readonly businessCentral: BusinessCentralClient;
  readonly matching: MatchLedger;
  readonly rules: Pick<Rules, 'masters'>;
}): FindStrongCandidate | undefined {
  const { businessCentral, matching, rules } = dependencies;
  if (rules.masters.match !== 'ask') return undefined;
  return async (deal, number) => {
    const { customer } = deal;
    if (!customer || (await matching.isDecided(customer.accountId))) return undefined;
    const columns = deal.extra.account;
    const email = customer.email ?? columns['emailaddress1'];
    const { line1: street = columns['address1_line1'], postalCode = columns['address1_postalcode'] } = customer.address;
    const keys = toMatchKeys({
      number: undefined,
      name: customer.name,
      email,
      taxNumber: undefined,
      street,
      postalCode,
    });
    const domain = email === undefined ? undefined : domainOf(email);
    const found = [
      ...(await businessCentral.findCustomersBy({ name: customer.name })),
      ...(domain ? await businessCentral.findCustomersBy({ domain }) : []),
    ];
    // An attempt of ours whose answer was lost carries our number.
    const others = new Map(found.map((one) => [toCode(one.number), one]));
    others.delete(toCode(number));
    const strong = [...others.values()].flatMap((one) => {
      const { score, reasons } = toScore(keys, toCustomerKeys(one));
      return score >= STRONG ? [`customer ${one.number} has ${reasons.join(' and ')}`] : [];
    });
    return strong.length > 0 ? strong.join('; ') : undefined;
  };
}

export function toCustomerKeys({ number, values }: BusinessCentralMaster): string[] {
  return toMatchKeys({
    number,
    name: values['displayName'] ?? '',
    email: values['email'],
    taxNumber: values['taxRegistrationNumber'],
    street: values['addressLine1'],
    postalCode: values['postalCode'],
  });
}
