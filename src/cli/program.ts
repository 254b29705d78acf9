import { Command } from 'commander';
import { addAuditCommands } from './audit.js';
import { addConnectCommand } from './connect.js';
import { addCredentialCommands } from './credentials.js';
import { addDealCommands } from './deals.js';
import { addDecisionCommands } from './decisions.js';
import { addDoctorCommand } from './doctor.js';
import { addDriftCommand } from './drift.js';
import { addEnvironmentCommands } from './environments.js';
import { addFeedCommands } from './feeds.js';
import { addFitCommand } from './fit.js';
import { addFlowCommands } from './flows.js';
import { addKeyCommands } from './keys.js';
import { addLedgerCommands } from './ledger.js';
import { addMappingCommands } from './mappings.js';
import { addMasterCommands } from './masters.js';
import { addPingCommand } from './ping.js';
import { addPreviewCommand } from './preview.js';
import { addReplayCommand } from './replay.js';

/** `dealbridge` with all its commands. What it says of wrong usage is thrown as well, so that `main` gives the exit code. */
export function createProgram(): Command {
  const program = new Command('dealbridge')
    .description('Hand won deals over from Dynamics 365 Sales to Business Central')
    .exitOverride();
  addDealCommands(program);
  addDecisionCommands(program);
  addPreviewCommand(program);
  addFitCommand(program);
  addConnectCommand(program);
  addMappingCommands(program);
  addPingCommand(program);
  addFeedCommands(program);
  addFlowCommands(program);
  addReplayCommand(program);
  addAuditCommands(program);
  addCredentialCommands(program);
  addKeyCommands(program);
  addEnvironmentCommands(program);
  addMasterCommands(program);
  addDriftCommand(program);
  addLedgerCommands(program);
  addDoctorCommand(program);
  return program;
}
