import { Command } from 'commander';
import { VERSION } from '../process/version.js';

type Add = (program: Command) => void;

/** The commands by the module that has them, in the order of the help; a module is read when one of its own is called. */
const MODULES: readonly (readonly [names: readonly string[], load: () => Promise<Add>])[] = [
  [['list', 'show', 'start-deal'], async () => (await import('./deals.js')).addDealCommands],
  [['confirm', 'reject', 'retry', 'cancel'], async () => (await import('./decisions.js')).addDecisionCommands],
  [['preview'], async () => (await import('./preview.js')).addPreviewCommand],
  [['fit'], async () => (await import('./fit.js')).addFitCommand],
  [['connect'], async () => (await import('./connect.js')).addConnectCommand],
  [['mapping'], async () => (await import('./mappings.js')).addMappingCommands],
  [['ping'], async () => (await import('./ping.js')).addPingCommand],
  [['feeds'], async () => (await import('./feeds.js')).addFeedCommands],
  [['flows'], async () => (await import('./flows.js')).addFlowCommands],
  [['replay'], async () => (await import('./replay.js')).addReplayCommand],
  [['audit'], async () => (await import('./audit.js')).addAuditCommands],
  [['credentials'], async () => (await import('./credentials.js')).addCredentialCommands],
  [['keys'], async () => (await import('./keys.js')).addKeyCommands],
  [['environments'], async () => (await import('./environments.js')).addEnvironmentCommands],
  [['accounts', 'products'], async () => (await import('./masters.js')).addMasterCommands],
  [['drift'], async () => (await import('./drift.js')).addDriftCommand],
  [['ledger'], async () => (await import('./ledger.js')).addLedgerCommands],
  [['doctor'], async () => (await import('./doctor.js')).addDoctorCommand],
];

/**
 * `dealbridge` with the commands of the module that has the one called, or with all of them. What it says of wrong usage is
 * thrown as well, so that `main` gives the exit code.
 */
export async function createProgram(called?: string): Promise<Command> {
  const program = new Command('dealbridge')
    .description('Hand won deals over from Dynamics 365 Sales to Business Central')
    .version(VERSION, '-V, --version', 'print the version')
    .exitOverride();
  const own = MODULES.filter(([names]) => called !== undefined && names.includes(called));
  for (const [, load] of own.length > 0 ? own : MODULES) (await load())(program);
  return program;
}
