import { z } from 'zod';
import { DealbridgeError } from '../../deal/errors.js';
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

export interface Acceptance {
  readonly accepted: readonly AcceptedEnvironment[];
  /** Nothing could be read there, so that what is registered stays. */
  readonly failed: readonly { readonly address: string; readonly problem: string }[];
}

/**
 * Registers what stands under the configured addresses now; one company that is away keeps no other from going on.
 * The ledger records it in the trail.
 */
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
  ): Promise<Acceptance> => {
    const environments = createEnvironmentLedger(database);
    const registered = await environments.list();
    const accepted: AcceptedEnvironment[] = [];
    const failed: Acceptance['failed'][number][] = [];
    for (const { address, readIdentity } of addressesOf(system)) {
      const now = await readIdentity().catch((error: unknown) => {
        if (!(error instanceof DealbridgeError)) throw error;
        return error.message;
      });
      if (typeof now !== 'object') {
        failed.push({ address, problem: now ?? 'nothing stands under it: correct the settings' });
        continue;
      }
      const before = registered.find((one) => one.system === system && one.address === address)?.identity;
      const isSame = before !== undefined && JSON.stringify(sorted(before)) === JSON.stringify(sorted(now));
      if (!isSame) await environments.accept({ system, address, identity: now }, actor);
      accepted.push({ address, before, now });
    }
    return { accepted, failed };
  },
});

function sorted(identity: Identity): [string, string][] {
  return Object.entries(identity).sort(([a], [b]) => (a < b ? -1 : 1));
}
