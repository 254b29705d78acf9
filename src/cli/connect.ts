import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { RefusedError, UserError } from '../deal/errors.js';
import { plural } from '../deal/plural.js';
import { examineConnection, type TriedAnswers, tryAnswers, tryPart } from '../doctor/connection.js';
import { type Answers, countAnswers, parseAnswers, toSettings } from '../operations/connect/answers.js';
import {
  applyConnect,
  type ConnectionPlan,
  exportSolution,
  listConnected,
  planConnect,
  undoConnect,
} from '../operations/connect/connect.js';
import { describeStep } from '../operations/connect/steps.js';
import { openAccess } from '../process/access.js';
import { type Config, ConfigError, environmentWith, loadConfig, parseRules } from '../process/config.js';
import { createCredentialProvider, createNoticeSecrets, getNewestNoticeSecret } from '../process/credentials.js';
import { openFirstLedger, openUnmigrated } from '../process/first-ledger.js';
import { type Foundation, openFoundation } from '../process/foundation.js';
import { createKeyLine } from '../secrets/keys.js';
import { askForAnswers, openTerminal, type Part, type Terminal } from './connect-questions.js';
import { BY_OPTION, toPerson } from './context.js';
import { ensureWritable, readGivenFile } from './files.js';
import { printStep } from './print-findings.js';

/** `dealbridge connect`: from two addresses to an installation that hands deals over, and back. */

interface ConnectOptions {
  readonly file?: string;
  readonly folder: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly yes?: true;
  readonly exportSolution?: string;
  readonly by: string;
}

export function addConnectCommand(program: Command): void {
  program
    .command('connect')
    .description(
      'set up Sales, Business Central and this machine after a plan, try each answer at once, or take it back',
    )
    .option('--file <answers>', 'answers from a YAML file instead of questions (docs/connect.md)')
    .option('--folder <folder>', 'where .env and rules.yaml stand', '.')
    .option('--dry-run', 'show the plan and write nothing')
    .option('--undo', 'take back what connect has made, by its record')
    .option('--yes', 'do not ask before anything is written or taken back')
    .option('--export-solution <file>', 'write the unmanaged solution as a zip, for those who install by hand')
    .option(...BY_OPTION)
    .action(runConnect);
}

interface Given {
  readonly answers: Answers;
  readonly settings: Readonly<Record<string, string>>;
  readonly questions: number;
}

async function runConnect(options: ConnectOptions): Promise<void> {
  const startedAt = Date.now();
  if (options.exportSolution !== undefined) ensureWritable('--export-solution', options.exportSolution);
  const given = await readAnswers(options);
  const rules = environmentWith({})['DEALBRIDGE_RULES'] || join(options.folder, 'rules.yaml');
  const isDryRun = options.dryRun === true;
  const first = await openFirstLedger(environmentWith({}), { folder: options.folder, writesNothing: isDryRun });
  const settings = {
    ...first.settings,
    ...given.settings,
    ...(existsSync(rules) && { DEALBRIDGE_RULES: rules }),
  };
  try {
    const config = { ...loadConfig(environmentWith(settings)), logLevel: 'warn' };
    const foundation =
      isDryRun && !first.isThrownAway ? await openUnmigrated(config, 'cli') : await openFoundation(config, 'cli');
    try {
      await connect(options, given, { config, foundation, rules, made: first.made });
    } finally {
      await foundation.close();
    }
  } finally {
    await first.close();
  }
  console.log(`${plural(given.questions, 'answer')}, ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`);
}

async function readAnswers({ file }: ConnectOptions): Promise<Given> {
  if (file === undefined) {
    if (!process.stdin.isTTY)
      throw new UserError('--file', 'a file of answers, since nobody sits at a terminal (docs/connect.md shows one)');
    return askForAnswers(environmentWith({}), openTerminal(), isRight);
  }
  const yaml = readGivenFile('--file', file);
  const answers = parseAnswers(yaml, file);
  const { dataverse, businessCentral } = answers;
  const files = {
    ...(dataverse.secretFile && { DATAVERSE_CLIENT_SECRET_FILE: dataverse.secretFile }),
    ...(businessCentral.secretFile && { BC_CLIENT_SECRET_FILE: businessCentral.secretFile }),
  };
  return { answers, settings: { ...toSettings(answers), ...files }, questions: countAnswers(answers) };
}

interface Opened {
  readonly config: Config;
  readonly foundation: Foundation;
  /** The rules file, which may not be there yet. */
  readonly rules: string;
  /** What is there by now for the secrets that a set-up seals. */
  readonly made: string | undefined;
}

async function connect(options: ConnectOptions, given: Given, opened: Opened): Promise<void> {
  const { config, foundation } = opened;
  if (options.undo) return undo(options, opened);
  await untilPeopleAreDone(options, config, foundation);
  const dependencies = await dependenciesOf(given, opened, options);
  const person = toPerson(options);
  const plan = await planConnect(dependencies, person, {});
  printPlan(plan);
  if (plan.steps.length > 0) {
    if (options.dryRun) {
      console.log('Nothing was written.');
      return;
    }
    if (process.stdin.isTTY && !options.yes && !(await confirm(openTerminal()))) {
      const { made } = opened;
      console.log(
        made === undefined ? 'Nothing was written.' : `Nothing was written but ${made}: keys and an empty ledger.`,
      );
      return;
    }
    const applied = await applyConnect({ ...dependencies, plan }, person, {});
    console.log(`\n${applied.made.length} done.`);
    for (const line of applied.left) console.log(`  later: ${line}`);
    await prove(opened);
  }
  if (options.exportSolution !== undefined && !options.dryRun) {
    writeFileSync(options.exportSolution, await exportSolution(dependencies, person, {}));
    console.log(`Solution: ${options.exportSolution} (Power Apps > Solutions > Import solution)`);
  }
}

async function isRight(part: Part, settings: Readonly<Record<string, string>>): Promise<boolean> {
  if (part === 'rest') return true;
  try {
    const config = loadConfig(environmentWith({ ...settings, ...placeholders(environmentWith({})) }));
    return printTried(await tryPart(config, part));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.log(error.message);
    return false;
  }
}

/** No ledger is open yet: its address and its keys are only looked at. */
function placeholders(env: NodeJS.ProcessEnv): Record<string, string> {
  const hasLedger = env['DATABASE_URL'] || env['DATABASE_URL_FILE'];
  const hasKeys = env['DEALBRIDGE_KEYS'] || env['DEALBRIDGE_KEY_FILE'];
  return {
    ...(!hasLedger && { DATABASE_URL: 'postgres://not-opened/yet' }),
    ...(!hasKeys && { DEALBRIDGE_KEYS: createKeyLine() }),
  };
}

/** What only a person can do is explained and waited for; with a file of answers it is said, and that is the end. */
async function untilPeopleAreDone(options: ConnectOptions, config: Config, { vault }: Foundation): Promise<void> {
  for (;;) {
    if (printTried(await tryAnswers(config, vault))) return;
    if (options.file !== undefined || !process.stdin.isTTY)
      throw new RefusedError('not connected: set right what is said above, then run it again');
    await openTerminal().ask('\nEnter looks again, Ctrl-C gives up. ');
  }
}

/** Whether nothing is wrong. What is fine takes one line a step. */
function printTried({ reports, missing }: TriedAnswers): boolean {
  for (const { step, findings } of reports) {
    const bad = findings.filter(({ result }) => result === 'wrong' || result === 'warning');
    const fine = findings.filter(({ result }) => result === 'ok');
    if (bad.length > 0) printStep({ step, findings: bad });
    else if (fine.length > 0)
      console.log(`ok  ${step}${fine.length > 1 ? ` (${fine.length})` : `: ${fine[0]?.found}`}`);
  }
  const isFine = !reports.some(({ findings }) => findings.some(({ result }) => result === 'wrong'));
  if (isFine) return true;
  if (missing.length > 0) console.log('\nOnly a person can do this, unless it is done:');
  for (const [index, line] of missing.entries()) console.log(`  ${index + 1}. ${line}`);
  return false;
}

async function dependenciesOf(given: Given, { config, foundation, rules }: Opened, options: ConnectOptions) {
  const { database, vault } = foundation;
  const access = await openAccess(config, vault);
  const { publicUrl, webhookSecret } = config.starter;
  const secrets = {
    ...(config.dataverse.secret && { dataverse: config.dataverse.secret }),
    ...(config.businessCentral.secret && { 'business-central': config.businessCentral.secret }),
    ...(webhookSecret && { webhook: webhookSecret }),
  };
  const find = createNoticeSecrets(
    createCredentialProvider(vault, 'webhook', webhookSecret),
    config.businessCentral.clientState,
  );
  return {
    database,
    vault,
    audit: foundation.ledger.audit,
    tenantId: config.dataverse.app.tenantId,
    systems: {
      dataverse: access.dataverse,
      businessCentral: { ...access.businessCentral, company: config.businessCentral.company },
    },
    answers: given.answers,
    secrets,
    settings: { ...toSettings(given.answers), DEALBRIDGE_RULES: rules },
    files: { env: join(options.folder, '.env'), rules },
    parseRules,
    publicUrl,
    getNoticeSecret: () => getNewestNoticeSecret(find),
    isStarterReachable: async () => publicUrl !== undefined && (await answers(`${publicUrl}/health`)),
    onStep: (step: Parameters<typeof describeStep>[0]) => console.log(`  ${describeStep(step)}`),
  };
}

const HEALTH_LIMIT_MS = 5_000;

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) })).ok;
  } catch {
    return false;
  }
}

function printPlan({ steps, notes }: ConnectionPlan): void {
  console.log(steps.length > 0 ? '\nPlan:' : '\nEverything is as it should be; nothing is left to do.');
  for (const [index, step] of steps.entries()) console.log(`  ${index + 1}. ${describeStep(step)}`);
  for (const note of notes) console.log(`  note: ${note}`);
}

async function confirm(terminal: Terminal): Promise<boolean> {
  return /^y(es)?$/i.test((await terminal.ask('Do it? [y/N] ')).trim());
}

/** What was made is looked at with the steps of the doctor, by the rules that stand there now. */
async function prove({ config, foundation, rules }: Opened): Promise<void> {
  const now = { ...config, rules: parseRules(readGivenFile('rules', rules), rules) };
  const reports = await examineConnection(now, foundation.vault);
  if (!printTried({ reports, missing: [] })) process.exitCode = 1;
  else console.log('\nNext: `npm start`, then win a deal. `dealbridge doctor` tells more.');
}

async function undo(options: ConnectOptions, opened: Opened): Promise<void> {
  const { config, foundation } = opened;
  const { database, vault, ledger } = foundation;
  const access = await openAccess(config, vault);
  const dependencies = {
    database,
    vault,
    audit: ledger.audit,
    tenantId: config.dataverse.app.tenantId,
    systems: {
      dataverse: access.dataverse,
      businessCentral: { ...access.businessCentral, company: config.businessCentral.company },
    },
  };
  const person = toPerson(options);
  const made = await listConnected(dependencies, person, {});
  if (made.length === 0) {
    console.log('There is nothing that connect has made for this tenant.');
    return;
  }
  console.log('Taken back, columns with everything in them:');
  for (const { step } of [...made].reverse()) console.log(`  ${describeStep(step)}`);
  if (options.dryRun) {
    console.log('Nothing was written.');
    return;
  }
  if (!options.yes && !(process.stdin.isTTY && (await confirm(openTerminal()))))
    throw new UserError('--yes', 'it, or a yes at the terminal: what stands in the columns is lost');
  const { undone, stays } = await undoConnect(dependencies, person, {});
  console.log(`\n${undone.length} taken back.`);
  for (const line of stays) console.log(`  stays: ${line}`);
}
