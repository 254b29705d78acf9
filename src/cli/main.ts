#!/usr/bin/env node
import { Command } from 'commander';
import { RemoteApiError } from '../clients/errors.js';
import { RefusedError, UserError } from '../deal/errors.js';
import { describeError } from '../process/log.js';
import { addAuditCommands } from './audit.js';
import { addCredentialCommands } from './credentials.js';
import { addDealCommands } from './deals.js';
import { addDecisionCommands } from './decisions.js';
import { addDoctorCommand } from './doctor.js';
import { addDriftCommand } from './drift.js';
import { addEnvironmentCommands } from './environments.js';
import { addFeedCommands } from './feeds.js';
import { addKeyCommands } from './keys.js';
import { addLedgerCommands } from './ledger.js';
import { addMappingCommands } from './mappings.js';
import { addMasterCommands } from './masters.js';
import { addPingCommand } from './ping.js';
import { addPreviewCommand } from './preview.js';
import { addReplayCommand } from './replay.js';

const program = new Command('dealbridge').description(
  'Hand won deals over from Dynamics 365 Sales to Business Central',
);

addDealCommands(program);
addDecisionCommands(program);

addPreviewCommand(program);
addMappingCommands(program);
addPingCommand(program);
addFeedCommands(program);
addReplayCommand(program);
addAuditCommands(program);
addCredentialCommands(program);
addKeyCommands(program);
addEnvironmentCommands(program);
addMasterCommands(program);
addDriftCommand(program);
addLedgerCommands(program);
addDoctorCommand(program);

function toUserMessage(error: unknown): string {
  if (error instanceof UserError || error instanceof RefusedError || error instanceof RangeError) return error.message;
  // Who asked sits at the terminal and may read the other side's own words.
  if (error instanceof RemoteApiError) return [error.message, error.facts.remoteMessage].filter(Boolean).join(': ');
  return describeError(error);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(toUserMessage(error));
  process.exitCode = error instanceof UserError ? 2 : 1;
}
