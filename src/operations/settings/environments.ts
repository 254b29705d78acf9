import { z } from 'zod';
import { RefusedError } from '../../deal/errors.js';
import type { Database } from '../../ledger/database.js';
import {
  createEnvironmentLedger,
  type Identity,
  type RegisteredEnvironment,
} from '../../ledger/settings/environments.js';
import { defineOperation } from '../operation.js';

/** Which environments may be written to, and a person's decision that another one is right. */

export const SYSTEMS = ['dataverse', 'business-central'] as const;

export interface EnvironmentsDependencies {
  readonly database: Database;
}

export const listEnvironments = defineOperation({
  act: 'list environments',
  input: z.strictObject({}),
  run: ({ database }: EnvironmentsDependencies): Promise<RegisteredEnvironment[]> =>
    createEnvironmentLedger(database).list(),
});

/** What stands under a configured address now. */
export interface ReadableAddress {
  readonly address: string;
  readonly readIdentity: () => Promise<Identity | undefined>;
}

export interface AcceptedEnvironment {
  readonly address: string;
  readonly before: Identity | undefined;
  readonly now: Identity;
}

/** Registers what stands under the configured addresses now. The ledger records it in the trail. */
export const acceptEnvironment = defineOperation({
  act: 'accept an environment',
  input: z.strictObject({ system: z.enum(SYSTEMS) }),
  run: async (
    {
      database,
      addressesOf,
    }: EnvironmentsDependencies & {
      readonly addressesOf: (system: (typeof SYSTEMS)[number]) => readonly ReadableAddress[];
    },
    { system },
    actor,
  ): Promise<AcceptedEnvironment[]> => {
    const environments = createEnvironmentLedger(database);
    const registered = await environments.list();
    const accepted: AcceptedEnvironment[] = [];
    for (const { address, readIdentity } of addressesOf(system)) {
      const now = await readIdentity();
      if (!now) throw new RefusedError(`nothing stands under ${address}: correct the settings`);
      const before = registered.find((one) => one.system === system && one.address === address)?.identity;
      const isSame = before !== undefined && JSON.stringify(sorted(before)) === JSON.stringify(sorted(now));
      if (!isSame) await environments.accept({ system, address, identity: now }, actor);
      accepted.push({ address, before, now });
    }
    return accepted;
  },
});

function sorted(identity: Identity): [string, string][] {
  return Object.entries(identity).sort(([a], [b]) => (a < b ? -1 : 1));
}
