import type { Command } from 'commander';
import { createKeyLine } from '../secrets/keys.js';

export function addKeyCommands(program: Command): void {
  program
    .command('keys')
    .description('keys that seal credentials and payloads')
    .command('new')
    .description('print a fresh line for DEALBRIDGE_KEY_FILE or DEALBRIDGE_KEYS')
    .action(() => console.log(createKeyLine()));
}
