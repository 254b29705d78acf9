import type { CompanyPlace } from '../deal/companies.js';
import { type LanesByCompany, laneQueue } from '../deal/lanes.js';
import type { EnvironmentLedger } from '../ledger/settings/environments.js';
import { toCompanyAddress } from './environment-lock.js';

type Place = CompanyPlace & { readonly environmentUrl: string };

/**
 * The queues of the companies with an app registration of their own. A company's id is known once its environment is
 * registered; until then its steps go with all others, which costs the others a share of their quota and nothing else.
 */
export function createFindLanes(
  places: readonly Place[],
  environments: Pick<EnvironmentLedger, 'list'>,
): () => Promise<LanesByCompany | undefined> {
  const ofTheirOwn = places.flatMap(({ application, ...place }) =>
    application === undefined ? [] : [{ address: toCompanyAddress(place), queue: laneQueue(application) }],
  );
  let complete: LanesByCompany | undefined;
  return async () => {
    if (ofTheirOwn.length === 0) return undefined;
    if (complete) return complete;
    const registered = await environments.list();
    const found = ofTheirOwn.flatMap(({ address, queue }) => {
      const companyId = registered.find((one) => one.address === address)?.identity['companyId'];
      return companyId === undefined ? [] : [[companyId, queue] as const];
    });
    const lanes = Object.fromEntries(found);
    if (found.length === ofTheirOwn.length) complete = lanes;
    return lanes;
  };
}
