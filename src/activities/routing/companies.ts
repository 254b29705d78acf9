import { ApplicationFailure } from '@temporalio/common';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { SubscriptionClient } from '../../clients/business-central/subscriptions.js';
import { RemoteApiError } from '../../clients/errors.js';
import {
  type CompanyPlace,
  type CompanyRule,
  findCompanyRule,
  isSamePlace,
  placeName,
  toPlace,
} from '../../deal/companies.js';
import type { WonDeal } from '../../deal/deal.js';
import { refuse, toFailure } from '../remote/failures.js';

/** The companies of Business Central that deals are handed to: each is opened when the first deal needs it. */

export interface Company {
  readonly companyId: string;
  readonly businessCentral: BusinessCentralClient;
  readonly subscriptions: SubscriptionClient;
  readonly sets: ReferenceSets;
}

export interface Companies {
  /** For whatever no rule sends elsewhere. */
  readonly first: Company;
  /** The company that the rules want for the deal. */
  choose(deal: WonDeal): Promise<Company>;
  /** @throws ApplicationFailure when no rule names the company any more. */
  withId(companyId: string): Promise<Company>;
  close(): Promise<void>;
}

export interface CompaniesOptions {
  readonly first: Company;
  readonly firstPlace: CompanyPlace;
  /** All but the first. */
  readonly places: readonly CompanyPlace[];
  readonly rules: readonly CompanyRule[];
  readonly open: (place: CompanyPlace) => Promise<Company>;
  /** By the id that a record has: what people call the company, also when no rule does any more. */
  readonly nameCompany: (companyId: string) => Promise<string>;
}

export function createCompanies(options: CompaniesOptions): Companies {
  const { first, firstPlace, places, rules } = options;
  const opened = new Map<string, Promise<Company>>([[placeName(firstPlace), Promise.resolve(first)]]);

  function open(place: CompanyPlace): Promise<Company> {
    const name = placeName(place);
    const known = opened.get(name);
    if (known) return known;
    const opening = options.open(place);
    opened.set(name, opening);
    // A company that could not be reached is asked again by the next who needs it.
    opening.catch(() => opened.delete(name));
    return opening;
  }

  /** A copy of an environment keeps the ids of its companies, so that nobody could tell the two apart by them. */
  async function openAlone(place: CompanyPlace): Promise<Company> {
    const company = await open(place).catch((error: unknown) => {
      throw isNotThere(error) ? refuse('company-unknown', error.message) : toFailure(error);
    });
    for (const [name, other] of opened) {
      const known = await other.catch(() => undefined);
      if (name === placeName(place) || known?.companyId !== company.companyId) continue;
      throw refuse('company-unknown', `${placeName(place)} and ${name} have one id: one is a copy of the other`);
    }
    return company;
  }

  async function withId(companyId: string): Promise<Company> {
    if (companyId === first.companyId) return first;
    for (const place of places) {
      const known = await opened.get(placeName(place))?.catch(() => undefined);
      if (known && known.companyId === companyId) return known;
    }
    // One that cannot be reached is no hindrance to the records of another.
    const failures: unknown[] = [];
    for (const place of places) {
      const company = await openAlone(place).catch((error: unknown) => {
        failures.push(error);
        return undefined;
      });
      if (company?.companyId === companyId) return company;
    }
    // It may be the one that answers later: nobody is held for another that is gone for good (I13).
    const passing = failures.find((error) => !(error instanceof ApplicationFailure && error.nonRetryable));
    if (failures.length > 0) throw passing ?? failures[0];
    const name = await options.nameCompany(companyId);
    throw refuse('company-unknown', `no rule names the company ${name}, to which the record belongs`);
  }

  return {
    first,
    async choose(deal) {
      const rule = findCompanyRule(deal, rules);
      const place = rule && toPlace(rule, firstPlace);
      return place && !isSamePlace(place, firstPlace) ? openAlone(place) : first;
    },
    withId,
    async close() {
      const companies = await Promise.all([...opened.values()].map((one) => one.catch(() => undefined)));
      await Promise.all(
        companies.flatMap((company) =>
          company ? [company.businessCentral.close(), company.subscriptions.close()] : [],
        ),
      );
    },
  };
}

function isNotThere(error: unknown): error is RemoteApiError {
  return error instanceof RemoteApiError && error.code === 'not-found';
}
