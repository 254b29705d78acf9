import type { Command } from 'commander';
import { withRuntime } from './context.js';

/** `dealbridge ping`: the health check of a container. */

export function addPingCommand(program: Command): void {
  program
    .command('ping')
    .description('ask ledger and Temporal whether they are there; the health check of a container')
    .action(() =>
      withRuntime(async ({ ledger, temporal }) => {
        await ledger.listRecords({ limit: 1 });
        await temporal.connection.ensureConnected();
        console.log('ledger and Temporal answer');
      }),
    );
}
