import type { Command } from 'commander';
import {
  acceptEnvironment,
  listEnvironments,
  type ReadableAddress,
  SYSTEMS,
} from '../operations/settings/environments.js';
import { type AllAccess, openSharedAccess } from '../process/access.js';
import type { Config } from '../process/config.js';
import {
  describeIdentity,
  toBusinessCentralEnvironments,
  toDataverseEnvironment,
} from '../process/environment-lock.js';
import { BY_OPTION, currentPerson, toPerson, withFoundation } from './context.js';
import { printTable } from './print.js';

/** `dealbridge environments …`: which environments are registered, and a person's decision that another one is right. */

type System = (typeof SYSTEMS)[number];

export function addEnvironmentCommands(program: Command): void {
  const environments = program
    .command('environments')
    .description('the environments of Sales and Business Central that may be written to');

  environments
    .command('list')
    .description('list what is registered under each address')
    .action(() =>
      withFoundation(async ({ database }) => {
        const rows = (await listEnvironments({ database }, currentPerson(), {})).map((one) => {
          const { system, address, identity, registeredAt, registeredBy } = one;
          return [system, address, describeIdentity(identity), registeredAt.toISOString(), registeredBy];
        });
        if (rows.length === 0) console.log('no environment is registered yet: the worker does so at its first start');
        else printTable([['system', 'address', 'identity', 'registered', 'by'], ...rows]);
      }),
    );

  environments
    .command('accept')
    .description('register what stands under the configured address now; then start the worker again')
    .argument('<system>', SYSTEMS.join(', '))
    .option(...BY_OPTION)
    .action((system: string, options: { by: string }) =>
      withFoundation(async (opened, config) => {
        const access = await openSharedAccess(config, opened);
        const dependencies = {
          database: opened.database,
          addressesOf: (of: System) => toAddresses(config, access, of),
        };
        const input = { system: system as System };
        const { accepted, failed } = await acceptEnvironment(dependencies, toPerson(options), input);
        for (const { address, before, now } of accepted) {
          const was = before ? describeIdentity(before) : 'nothing';
          const is = describeIdentity(now);
          console.log(`${address}: ${before && was === is ? `${is} as before` : `${was} before, ${is} now`}`);
        }
        for (const { address, problem } of failed) console.error(`${address}: ${problem}`);
        if (failed.length > 0) process.exitCode = 1;
      }),
    );
}

function toAddresses(config: Config, access: AllAccess, system: System): ReadableAddress[] {
  if (system === 'dataverse') return [toDataverseEnvironment(config, access.dataverse)];
  return toBusinessCentralEnvironments(config, access.businessCentralOf);
}
