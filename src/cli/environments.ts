import type { Command } from 'commander';
import { createEnvironmentLedger } from '../ledger/settings/environments.js';
import { openAccess } from '../process/access.js';
import { loadConfig } from '../process/config.js';
import {
  describeIdentity,
  isSame,
  toBusinessCentralEnvironment,
  toDataverseEnvironment,
} from '../process/environment-lock.js';
import { openFoundation } from '../process/runtime.js';

/** `dealbridge environments …`: which environments are registered, and a person's word that another one is right. */

const SYSTEMS = ['dataverse', 'business-central'] as const;

export function addEnvironmentCommands(program: Command): void {
  const environments = program
    .command('environments')
    .description('the environments of Sales and Business Central that may be written to');

  environments
    .command('list')
    .description('list what is registered under each address')
    .action(async () => {
      const foundation = await openFoundation({ ...loadConfig(), logLevel: 'warn' }, 'cli');
      try {
        for (const one of await createEnvironmentLedger(foundation.database).list()) {
          const { system, address, identity, registeredAt, registeredBy } = one;
          console.log(
            [system, address, describeIdentity(identity), registeredAt.toISOString(), registeredBy].join('\t'),
          );
        }
      } finally {
        await foundation.close();
      }
    });

  environments
    .command('accept')
    .description('register what stands under the configured address now; then start the worker again')
    .argument('<system>', SYSTEMS.join(', '))
    .requiredOption('--by <name>', 'who says so, for the audit trail')
    .action((system: string, options: { by: string }) => accept(system, options.by));
}

async function accept(system: string, by: string): Promise<void> {
  if (system !== 'dataverse' && system !== 'business-central') {
    throw new RangeError(`system: found '${system}', one of ${SYSTEMS.join(', ')} is right`);
  }
  if (by.trim() === '') throw new RangeError('by: found nothing, a name is right');
  const config = { ...loadConfig(), logLevel: 'warn' };
  const foundation = await openFoundation(config, 'cli');
  try {
    const access = await openAccess(config, foundation.vault);
    const { furtherCompanies, ...businessCentral } = config.businessCentral;
    const places = [businessCentral, ...furtherCompanies];
    const environments =
      system === 'dataverse'
        ? [toDataverseEnvironment(config, access.dataverse)]
        : places.map((place) => {
            const reach = { ...access.businessCentral, environmentUrl: place.environmentUrl };
            return toBusinessCentralEnvironment({ ...businessCentral, ...place }, reach);
          });
    const ledger = createEnvironmentLedger(foundation.database);
    const registered = await ledger.list();
    for (const { address, readIdentity } of environments) {
      const identity = await readIdentity();
      if (!identity) throw new RangeError(`nothing stands under ${address}: correct the settings`);
      const known = registered.find((one) => one.system === system && one.address === address)?.identity;
      if (known && isSame(known, identity)) {
        console.log(`${address}: ${describeIdentity(identity)} as before`);
        continue;
      }
      await ledger.accept({ system, address, identity }, by);
      console.log(
        `${address}: ${known ? describeIdentity(known) : 'nothing'} before, ${describeIdentity(identity)} now`,
      );
    }
  } finally {
    await foundation.close();
  }
}
